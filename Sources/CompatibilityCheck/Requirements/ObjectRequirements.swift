// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// What an object as a whole needs: types, maps, what it expects by name. Without it, libbpf loads none of its programs.
struct ObjectRequirements {
    private let object: CheckedObject
    private let kernel: CheckedKernel

    init(_ object: CheckedObject, _ kernel: CheckedKernel) {
        self.object = object
        self.kernel = kernel
    }

    func check(into findings: inout Findings) {
        checkTypes(&findings)
        for map in object.maps where map.isCreated {
            switch map.origin {
            case .declared: MapRequirements(map, kernel).check(into: &findings)
            case .structOps: StructOpsRequirements(object, kernel).check(map, &findings)
            // Arrays of one value, which every kernel since 5.2 has.
            case .data: checkData(map, &findings)
            case .kernelConfiguration: break
            }
        }
        for extern in object.contents.externs { check(extern, &findings) }
    }

    private func checkData(_ map: BPFMap, _ findings: inout Findings) {
        guard map.definition.valueSize > MapRequirements.mostBytes else { return }
        findings.cannotTell(
            Reason(
                .memoryLimit,
                "\(map.name) takes \(map.definition.valueSize >> 20) MB, and it is not known whether there is as much memory"
            )
        )
    }

    private func checkTypes(_ findings: inout Findings) {
        guard object.needsKernelTypes else { return }
        switch kernel.types {
        case .present: break
        case .none:
            findings.fails(
                Reason(
                    .kernelWithoutTypes,
                    "this kernel has no BTF of its own, and the object needs the kernel's types",
                    cure: "a kernel with CONFIG_DEBUG_INFO_BTF=y, or a loader that brings its types (btf_custom_path)"
                )
            )
        case .notKnown:
            findings.cannotTell(Reason(.kernelWithoutTypes, "it is not known which types this kernel has"))
        }
    }

    private func check(_ extern: BPFExtern, _ findings: inout Findings) {
        switch extern.kind {
        case .kernelConfiguration(let kind):
            switch KernelSwitch(extern, as: kind, of: object.contents, in: kernel) {
            case .value: break
            case .unset:
                guard !extern.isWeak else { return }
                findings.fails(
                    Reason(
                        .externUnresolved,
                        "\(extern.name) is not set in this kernel's configuration, and the object can't do without",
                        cure: "declare it __weak: it is 0 then"
                    )
                )
            case .unfit(let text):
                findings.fails(
                    Reason(
                        .externUnresolved,
                        "\(extern.name) is \(text) in this kernel, which does not fit its declaration"
                    )
                )
            case .notKnown(let what):
                findings.cannotTell(Reason(.externUnresolved, "\(extern.name): \(what)"))
            }
        case .typedVariable: checkVariable(extern, &findings)
        case .symbol:
            guard !extern.isWeak else { return }
            if kernel.profile?.function(extern.essentialName) == nil,
                kernel.modules?.index.modules(having: KernelName(.symbol, extern.essentialName)).isEmpty != false
            {
                findings.cannotTell(
                    Reason(.externUnresolved, "it is not known whether this kernel has the symbol \(extern.name)")
                )
            }
        case .function: checkFunction(extern, &findings)
        }
    }

    private func checkVariable(_ extern: BPFExtern, _ findings: inout Findings) {
        guard kernel.knownTypes != nil else { return }
        switch kernel.finding(of: extern, in: object.contents) {
        case .present: break
        case .otherType:
            // That it is weak does not help then.
            findings.fails(
                Reason(
                    .externUnresolved,
                    "\(extern.name) is declared otherwise than this kernel has it; libbpf gives up on the object",
                    cure: "declare it with the kernel's type"
                )
            )
        // libbpf knows the variables of modules too.
        case .module(let module):
            findings.cannotTell(
                Reason(.externUnresolved, "\(extern.name) is in the module \(module), whose types are not known")
            )
        case .notKnown:
            findings.cannotTell(
                Reason(.externUnresolved, "it is not known whether this kernel has \(extern.name) as it is declared")
            )
        case .absent:
            guard !extern.isWeak else { return }
            lacks(extern, "this kernel has no variable \(extern.name)", &findings)
        }
    }

    private func checkFunction(_ extern: BPFExtern, _ findings: inout Findings) {
        guard kernel.knownTypes != nil, !extern.isWeak else { return }
        switch kernel.finding(of: extern, in: object.contents) {
        case .present: return
        case .module(let module):
            findings.cannotTell(
                Reason(.kfuncUnknown, "\(extern.name) is in the module \(module), whose types are not known")
            )
            return
        case .notKnown:
            findings.cannotTell(
                Reason(.kfuncUnknown, "it is not known whether this kernel has \(extern.name) as it is declared")
            )
            return
        case .otherType:
            findings.fails(
                Reason(
                    .kfuncArgument,
                    "\(extern.name) is declared otherwise than this kernel has it; libbpf gives up on the object",
                    cure: "declare it as this kernel does, or declare it __weak and ask bpf_ksym_exists(\(extern.name))"
                )
            )
            return
        case .absent: break
        }
        if let absence = kernel.absence(of: extern.essentialName) {
            findings.fails(absence)
            return
        }
        if let option = kernel.leftOut(.of(kfunc: extern.name)) {
            findings.fails(.configurationOff(option, for: "calls of \(extern.name)"))
            return
        }
        findings.fails(
            Reason(
                .kfuncUnknown,
                "this kernel has no function \(extern.name), and the object can't do without",
                cure: "declare it __weak and ask bpf_ksym_exists(\(extern.name)) before the call"
            )
        )
    }

    private func lacks(_ extern: BPFExtern, _ sentence: String, _ findings: inout Findings) {
        findings.fails(
            Reason(
                .externUnresolved,
                "\(sentence), and the object can't do without",
                cure: "declare it __weak and ask bpf_ksym_exists(\(extern.name)) before it is used"
            )
        )
    }
}
