// SPDX-License-Identifier: Apache-2.0

/// What libbpf could not do or resolve: src/libbpf.c and src/relo_core.c, 1.7. It stops before it asks the kernel, or it
/// puts a call that can't be in place of the code, which only matters if it is reached.
extension CauseRule {
    static let loader: [CauseRule] = [
        CauseRule(.relocationWithoutMatch, verifier: "invalid func unknown♯#") { values, evidence in
            guard values[0] == "\(LoaderPoison.relocation)" else { return nil }
            return unmatched(evidence.program.unmatchedRelocation)
        },
        CauseRule(.relocationWithoutMatch, verifier: "failed to resolve CO-RE relocation …") { values, _ in
            unmatched(values[0])
        },
        CauseRule(.configurationOff, verifier: "invalid func unknown♯#") { values, evidence in
            guard let number = UInt32(values[0]), LoaderPoison.kfuncs.contains(number) else { return nil }
            return evidence.program.unresolvedKfunc.flatMap { leftOut(kfunc: $0, evidence) }
        },
        CauseRule(.configurationOff, verifier: "kfunc '…' is referenced but wasn't resolved") { values, evidence in
            leftOut(kfunc: values[0], evidence)
        },
        CauseRule(
            .configurationOff,
            libbpf: "extern (func ksym) '…': not found in kernel or module BTFs"
        ) { values, evidence in
            leftOut(kfunc: values[0], evidence)
        },
        CauseRule(.kfuncArgument, verifier: "invalid func unknown♯#") { values, evidence in
            guard let number = UInt32(values[0]), LoaderPoison.kfuncs.contains(number) else { return nil }
            return declaredOtherwise(evidence)
        },
        CauseRule(.kfuncArgument, verifier: "kfunc '…' is referenced but wasn't resolved") { _, evidence in
            declaredOtherwise(evidence)
        },
        CauseRule(.kfuncUnknown, verifier: "invalid func unknown♯#") { values, evidence in
            guard let number = UInt32(values[0]), LoaderPoison.kfuncs.contains(number) else { return nil }
            return lackingKfunc(evidence.program.unresolvedKfunc)
        },
        CauseRule(.kfuncUnknown, verifier: "kfunc '…' is referenced but wasn't resolved") { values, _ in
            lackingKfunc(values[0])
        },
        CauseRule(.kfuncUnknown, libbpf: "extern (func ksym) '…': not found in kernel or module BTFs") { values, _ in
            lackingKfunc(values[0])
        },
        CauseRule(
            .kfuncArgument,
            libbpf: "extern (func ksym) '…': func_proto [#] incompatible with … [#]"
        ) { values, _ in
            Account(
                "\(values[0])() is declared otherwise than this kernel has it",
                cure:
                    "declare it as the kernel's header or vmlinux.h does; where kernels differ, by flavours (\(values[0])___old)"
            )
        },
        CauseRule(.externUnresolved, libbpf: "extern (var ksym) '…': not found in kernel BTF") { values, _ in
            Account(
                "this kernel has no variable \(values[0]) in its BTF",
                cure: "declare it weak, and test its address: extern … __ksym __weak; if (&\(values[0]))"
            )
        },
        CauseRule(.externUnresolved, libbpf: "extern (var ksym) '…': incompatible types, …") { values, _ in
            Account(
                "the variable \(values[0]) has another type in this kernel",
                cure: "declare it with the kernel's own type"
            )
        },
        CauseRule(.externUnresolved, libbpf: "extern '…' (strong): not resolved") { values, _ in
            values[0].hasPrefix("CONFIG_")
                ? Account(
                    "\(values[0]) is not set in this kernel's configuration, or there is none to read",
                    cure: "declare it weak, which makes it 0 there: extern … \(values[0]) __kconfig __weak;"
                )
                : Account(
                    "this kernel has no symbol \(values[0])",
                    cure: "declare it weak, and test its address: extern const void \(values[0]) __ksym __weak;"
                )
        },
        CauseRule(.externUnresolved, libbpf: "extern (kcfg) '…': …") { values, _ in
            Account(
                "the extern \(values[0]) does not suit its value: \(values[1])",
                cure: "declare it with a type that the value fits"
            )
        },
        CauseRule(
            .configurationOff,
            libbpf: "struct_ops init_kern: struct … is not found in kernel BTF"
        ) { values, evidence in
            let name = values[0].replacingPrefix("bpf_struct_ops_")
            guard let subsystem = Subsystem.of(structure: name), subsystem.isLeftOut(of: evidence.kernel) else {
                return nil
            }
            return off(subsystem.option, "without which programs can't implement struct \(name)")
        },
        CauseRule(
            .structOpsLacking,
            libbpf: "struct_ops init_kern: struct … is not found in kernel BTF",
            "struct_ops init_kern …: Cannot find member … in kernel BTF"
        ) { values, _ in
            let name = values[0].replacingPrefix("bpf_struct_ops_")
            return Account(
                values.count == 2
                    ? "struct \(name) has no member \(values[1]) in this kernel"
                    : "this kernel has no struct \(name) that programs could implement",
                cure: "load it only where the kernel has it (bpf_map__set_autocreate())"
            )
        },
        CauseRule(
            .kernelWithoutTypes,
            libbpf: "kernel BTF is missing at '…', was CONFIG_DEBUG_INFO_BTF enabled?",
            "kernel BTF is missing…",
            "failed to find valid kernel BTF",
            "vmlinux BTF is not found",
            "Error loading vmlinux BTF: …",
            "failed to find valid kernel BTF…"
        ) { _, evidence in
            Account(
                "this kernel has no type information (BTF) of its own, which the object needs",
                cure: evidence.kernel.configuration[.types] == false
                    ? "a kernel with CONFIG_DEBUG_INFO_BTF=y, which is off here; CO-RE alone can use types from outside"
                    : "a kernel with CONFIG_DEBUG_INFO_BTF=y; CO-RE alone can use types from outside"
            )
        },
        CauseRule(.sectionUnknown, libbpf: "missing BPF prog type, check ELF section name '…'") { values, _ in
            Account(
                "the section \"\(values[0])\" names no type of program",
                cure:
                    "name it as libbpf knows it: SEC(\"kprobe/function\"), SEC(\"xdp\"), …; or the loader calls bpf_program__set_type()"
            )
        },
        CauseRule(
            .legacyMaps,
            libbpf: "elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+"
        ) { _, _ in
            Account(
                "maps are declared in a section \"maps\" (struct bpf_map_def), which libbpf takes no longer since 1.0",
                cure: "declare them by types: struct { __uint(type, BPF_MAP_TYPE_HASH); … } name SEC(\".maps\");"
            )
        },
        CauseRule(
            .permission,
            libbpf: "Error in …. Couldn't load trivial BPF program. …"
        ) { _, _ in
            Account(
                "not even the smallest program could be loaded",
                cure:
                    "load with CAP_BPF or as root; before 5.11, raise RLIMIT_MEMLOCK; the kernel needs CONFIG_BPF_SYSCALL=y"
            )
        },
        // Whatever else keeps libbpf from opening the file is said in its own words.
        CauseRule { evidence in
            guard case .object = evidence.refusal, let words = evidence.complaints.first else { return nil }
            return Cause(.objectUnreadable, "libbpf can't open the object: \(words)", words: words)
        },
    ]

    private static func unmatched(_ relocation: String?) -> Account {
        Account(
            relocation.map { "this kernel has nothing that matches \($0), and the code that needs it is reached" }
                ?? "a CO-RE relocation found no match in this kernel's BTF, and the code that needs it is reached",
            cure:
                "ask first: if (bpf_core_field_exists(…)), bpf_core_type_exists(…), bpf_core_enum_value_exists(…); where it was "
                + "renamed, read it by a flavour of the type (struct name___old)"
        )
    }

    /// A kfunc of a part of the kernel that was left out when it was built; nil where it is missing for another reason.
    private static func leftOut(kfunc name: String, _ evidence: Evidence) -> Account? {
        guard let subsystem = Subsystem.of(kfunc: name), subsystem.isLeftOut(of: evidence.kernel) else { return nil }
        let account = off(subsystem.option, "without which there is no \(name)()")
        guard let since = KfuncVersions.since(name), evidence.isOlder(than: since) else { return account }
        return Account(
            "\(account.sentence); it came with Linux \(since)",
            cure: "a kernel of \(since) or later that was built with \(subsystem.option.rawValue)=y",
            since: since
        )
    }

    /// A weak kfunc that the kernel has, and not as it is declared: libbpf takes it for missing.
    private static func declaredOtherwise(_ evidence: Evidence) -> Account? {
        guard let name = evidence.program.unresolvedKfunc, let declarations = evidence.program.kfuncDeclarations else {
            return nil
        }
        return Account(
            "\(name) is declared otherwise than this kernel has it: \(declarations.object) in the object, "
                + "\(declarations.kernel) in the kernel",
            cure: declarations.undefinedStructure.map {
                "struct \($0) is only named in the object: define it, or take the vmlinux.h of a kernel that has it (--vmlinux)"
            }
                ?? "declare it as the kernel's header or vmlinux.h does; where kernels differ, by flavours "
                + "(\(name.split(separator: "___").first.map(String.init) ?? name)___old)"
        )
    }

    private static func lackingKfunc(_ name: String?) -> Account {
        Account(
            name.map { "this kernel has no kfunc \($0)()" } ?? "a kfunc is called that this kernel lacks",
            cure:
                "declare it weak, and test before the call: extern … __ksym __weak; if (bpf_ksym_exists(\(name ?? "function")))",
            since: name.flatMap(KfuncVersions.since)
        )
    }
}

/// The numbers of helpers that can't be, which libbpf puts where something could not be resolved: `BPF_CORE_POISON` in
/// relo_core.c, `POISON_LDIMM64_MAP_BASE` and `POISON_CALL_KFUNC_BASE` in libbpf.c.
enum LoaderPoison {
    static let relocation = 0xbad2310
    static let maps: Range<UInt32> = 2_001_000_000..<2_002_000_000
    static let kfuncs: Range<UInt32> = 2_002_000_000..<2_003_000_000
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
