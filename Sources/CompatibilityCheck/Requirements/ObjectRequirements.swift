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
        checkByteOrder(&findings)
        if object.needsKernelTypes { Self.checkTypes(kernel, "the object needs", &findings) }
        for map in object.maps where map.isCreated {
            switch map.origin {
            case .declared: MapRequirements(map, kernel, object.contents.types).check(into: &findings)
            case .structOps: StructOpsRequirements(object, kernel).check(map, &findings)
            // Arrays of one value, which every kernel since 5.2 has.
            case .data:
                MapRequirements(map, kernel).checkMemory(&findings)
                Self.checkMapping(map, object.contents.types, kernel, &findings)
            case .kernelConfiguration: break
            }
        }
        for extern in object.contents.externs { check(extern, &findings) }
    }

    /// libbpf maps global variables that others can see, and the kernel maps nothing that has a lock or a timer in it
    /// (`bpf_map_mmap()` in kernel/bpf/syscall.c).
    static func checkMapping(_ map: BPFMap, _ types: BTFTypes?, _ kernel: CheckedKernel, _ findings: inout Findings) {
        guard MapFlags(rawValue: map.definition.flags).contains(.mappable), let line = kernel.line,
            !MapFields(of: map, in: types, on: line).isEmpty
        else { return }
        findings.fails(
            Reason(
                .mapAttributes,
                "section \(map.name) has a lock, a timer or the like next to variables that others can see: the kernel does not let "
                    + "libbpf map it",
                cure: "make all variables of that section static or __hidden"
            )
        )
    }

    /// libbpf opens an object of the other byte order, and does not load it (`bpf_object_load()`).
    private func checkByteOrder(_ findings: inout Findings) {
        guard object.contents.byteOrder != kernel.byteOrder else { return }
        let order = object.contents.byteOrder == .bigEndian ? "big-endian" : "little-endian"
        findings.fails(
            Reason(
                .foreignByteOrder,
                "the object is \(order), and this kernel is not",
                cure:
                    "compile with -target bpf on such a machine, or with -target \(order == "big-endian" ? "bpfel" : "bpfeb")"
            )
        )
    }

    /// - Parameter who: `the object needs`
    static func checkTypes(_ kernel: CheckedKernel, _ who: String, _ findings: inout Findings) {
        switch kernel.types {
        case .present: break
        case .none:
            findings.fails(
                Reason(
                    .kernelWithoutTypes,
                    "this kernel has no BTF of its own, and \(who) the kernel's types",
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
            case .unset where !Self.isKnownPrefix(extern.name):
                // That it is weak does not help then.
                findings.fails(
                    Reason(
                        .externUnresolved,
                        "libbpf knows no value \(extern.name), and gives up on the object",
                        cure: "name a value of the kernel's configuration: CONFIG_…"
                    )
                )
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

    /// `bpf_object__resolve_externs` in libbpf takes weak ones of no other name.
    private static func isKnownPrefix(_ name: String) -> Bool {
        name.hasPrefix("CONFIG_") || name.hasPrefix("LINUX_")
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
