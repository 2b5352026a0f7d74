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
        for map in object.contents.maps where map.isCreated {
            switch map.origin {
            case .declared: MapRequirements(map, kernel).check(into: &findings)
            case .structOps: checkStructOps(map, &findings)
            // Arrays of one value, which every kernel since 5.2 has.
            case .data, .kernelConfiguration: break
            }
        }
        for extern in object.contents.externs { check(extern, &findings) }
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

    private func checkStructOps(_ map: BPFMap, _ findings: inout Findings) {
        guard let types = kernel.knownTypes, let local = object.contents.types,
            let structure = local.resolved(map.definition.valueType)
        else {
            findings.cannotTell(
                Reason(.structOpsLacking, "it is not known whether this kernel has the structure of \(map.name)")
            )
            return
        }
        let name = structure.name.essential
        guard let own = types.id(named: name, kind: .structure).flatMap({ types.type($0) }),
            types.id(named: "bpf_struct_ops_\(name)", kind: .structure) != nil
        else {
            findings.fails(
                Reason(
                    .structOpsLacking,
                    "this kernel does not let programs implement struct \(name)",
                    cure: "leave \(map.name) out on such kernels: SEC(\"?.struct_ops\")"
                )
            )
            return
        }
        let members = Set(own.members.map { $0.name.text })
        for member in structure.members where !members.contains(member.name.text) {
            findings.cannotTell(
                Reason(
                    .structOpsLacking,
                    "struct \(name) has no member \(member.name.text) in this kernel, which is refused where it is set"
                )
            )
        }
    }

    private func check(_ extern: BPFExtern, _ findings: inout Findings) {
        switch extern.kind {
        case .kernelConfiguration(let kind):
            switch KernelSwitch(extern.name, as: kind, in: kernel) {
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
                        "\(extern.name) is '\(text)' in this kernel, which does not fit its declaration"
                    )
                )
            case .notKnown(let what):
                findings.cannotTell(Reason(.externUnresolved, "\(extern.name): it is not known \(what)"))
            }
        case .typedVariable:
            guard let types = kernel.knownTypes else { return }
            guard types.id(named: extern.essentialName, kind: .variable) == nil, !extern.isWeak else { return }
            lacks(extern, "this kernel has no variable \(extern.name)", &findings)
        case .symbol:
            guard !extern.isWeak else { return }
            if kernel.profile?.function(extern.essentialName) == nil {
                findings.cannotTell(
                    Reason(.externUnresolved, "it is not known whether this kernel has the symbol \(extern.name)")
                )
            }
        case .function: checkFunction(extern, &findings)
        }
    }

    private func checkFunction(_ extern: BPFExtern, _ findings: inout Findings) {
        guard let types = kernel.knownTypes, !extern.isWeak,
            types.id(named: extern.essentialName, kind: .function) == nil
        else { return }
        if let module = kernel.profile?.function(extern.essentialName)?.module {
            findings.cannotTell(
                Reason(.kfuncUnknown, "\(extern.name) is in the module \(module), whose types are not known")
            )
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
