// SPDX-License-Identifier: Apache-2.0

/// What errors of Go's cilium/ebpf are taken for: `field X: program p: apply CO-RE relocations: …`, each layer before a colon.
extension CauseRule {
    static let ciliumWords: [CauseRule] = [LoaderRule.rule(ciliumMaps + ciliumPrograms + ciliumTargets + ciliumLast)]

    private static let ciliumMaps: [LoaderRule] = [
        LoaderRule("…MEMLOCK may be too low…") { _, line in
            Cause(
                .permission,
                "the loader may lock too little memory (RLIMIT_MEMLOCK), or has no CAP_BPF",
                cure: "rlimit.RemoveMemlock() before it loads, which kernels before 5.11 need; or root, or CAP_BPF",
                words: line
            )
        },
        LoaderRule { line, _ in
            guard line.contains("map create"),
                let match = line.firstMatch(of: #/(?:^|[ :"])map ([^ :"]+): (?:creating map: )?map create[^:]*: (.+)/#)
            else {
                return nil
            }
            let (name, rest) = (String(match.1), String(match.2))
            if let cause = feature(in: rest, ofMap: name, words: line) { return cause }
            if rest.contains("MaxEntries may be incorrectly set to zero") {
                return Cause(
                    .maxEntriesUnset,
                    "map '\(name)' has max_entries 0, which its own loader is meant to set",
                    cure: "set MapSpec.MaxEntries before it loads; or __uint(max_entries, …) in the source",
                    words: line
                )
            }
            return LoaderCause.map(name, LoaderErrno.number(in: rest), words: line)
        },
        LoaderRule("…map …: … requires InnerMap…") { values, line in
            Cause(
                .innerMapUnset,
                "map '\(values[1])' does not say what its maps are, which its own loader is meant to set",
                cure: "set MapSpec.InnerMap before it loads; or __array(values, struct …) in the source",
                words: line
            )
        },
        LoaderRule("…map spec is incompatible with existing map…") { _, line in
            Cause(
                .mapAttributes,
                "the map that is pinned there, or that was handed over, is another one: its type, sizes or flags are not those of the "
                    + "object",
                cure: "remove the pinned map, or declare it as it was",
                words: line
            )
        },
    ]

    /// `RingBuf not supported (requires >= v5.8)`, and without a version where that is not known.
    private static func feature(in text: String, ofMap map: String? = nil, words: String) -> Cause? {
        guard text.contains(" not supported"),
            let match = text.firstMatch(
                of: #/(?:^|: )([^:]{1,80}?) not supported(?: \(requires >= v(\d+\.\d+)[^)]*\))?(?:[" ,(]|$)/#
            )
        else { return nil }
        let (name, since) = (String(match.1), match.2.flatMap { LinuxVersion(String($0)) })
        guard since != nil || map != nil || attachedByTypes.contains(where: name.hasPrefix) else { return nil }
        if since == nil, let target = name.split(separator: " ").dropFirst().first,
            attachedByTypes.contains(where: name.hasPrefix)
        {
            return LoaderCause.missingTarget("function, tracepoint or hook \(target)", words: words)
        }
        let origin = since.map { ", which came with Linux \($0)" } ?? ""
        let subject = map.map { ", which map '\($0)' needs" } ?? ""
        return Cause(
            code(ofFeature: name, isOfMap: map != nil),
            "this kernel does not have \(name)\(subject)\(origin)",
            cure: "load it only where the kernel has it (ebpf/features tells)",
            since: since,
            words: words
        )
    }

    /// How names of programs that are attached by BTF begin.
    private static let attachedByTypes = ["fentry ", "fexit ", "fmod_ret ", "raw_tp ", "lsm ", "iter "]

    private static func code(ofFeature name: String, isOfMap: Bool) -> CauseCode {
        switch name {
        case let name where name.contains("BTF") || name == "ENUM64": .kernelWithoutTypes
        case "nested maps", "read- and write-only maps", "mmapable maps", "inner maps", "prealloc maps": .mapAttributes
        case _ where isOfMap: .mapTypeLacking
        case let name
        where name.hasPrefix("bpf_link") || name.hasPrefix("BPF_PROG_ATTACH") || name == "tcx" || name == "netkit":
            .attachTypeLacking
        case let name where name.hasSuffix(" ISA"): .instructionUnknown
        case "bounded loops": .infiniteLoop
        case ">4096 instructions": .programTooLarge
        case let name where name.hasPrefix("bpf_"): .helperUnknown
        default: .programTypeLacking
        }
    }

    private static let ciliumPrograms: [LoaderRule] = [
        LoaderRule("…no BTF found for kernel version …: not supported…") { values, line in
            LoaderCause.withoutTypes(values[1], words: line)
        },
        LoaderRule("…load kernel spec: …", "…find vmlinux: …", "…load vmlinux: …") { _, line in
            LoaderCause.withoutTypes(nil, words: line)
        },
        LoaderRule { line, _ in
            guard line.contains("kfunc \""), let match = line.firstMatch(of: #/kfunc "([^"]+)": (.+)/#) else {
                return nil
            }
            let (name, rest) = (String(match.1), String(match.2))
            guard rest.contains("not supported") || rest.contains("not found") else {
                return Cause(
                    .kfuncArgument,
                    "\(name)() is declared otherwise than this kernel has it",
                    cure: "declare it as the kernel's header or vmlinux.h does",
                    words: line
                )
            }
            return Cause(
                .kfuncUnknown,
                "this kernel has no kfunc \(name)()",
                cure: "declare it weak, and test before the call: if (bpf_ksym_exists(\(name)))",
                since: KfuncVersions.since(name),
                words: line
            )
        },
        LoaderRule(
            "…config option \"…\" does not exist on this kernel…",
            "…config option … does not exist on this kernel…"
        ) {
            values,
            line in extern(values[1], words: line)
        },
        LoaderRule("…cannot find a kconfig file…") { _, line in
            Cause(
                .externUnresolved,
                "the object reads this kernel's configuration, and there is none to read",
                cure:
                    "declare what it reads weak (__kconfig __weak); or a kernel with CONFIG_IKCONFIG_PROC=y, or its file in /boot",
                words: line
            )
        },
        LoaderRule("…kernel is missing symbol: …") { values, line in extern(values[1], words: line) },
        LoaderRule("…resolve required ksyms: …: …") { values, line in extern(values[1], words: line) },
        LoaderRule("…apply CO-RE relocations: …", "…CO-RE fixup: …", "…load program: bad CO-RE relocation…") {
            _,
            line in
            LoaderCause.unmatched(line)
        },
        LoaderRule("…program type is unspecified…", "…can't load program of unspecified type…") { _, line in
            Cause(
                .sectionUnknown,
                "the section's name says no type of program",
                cure:
                    "name it as the loader knows it: SEC(\"kprobe/function\"), SEC(\"xdp\"), …; or set ProgramSpec.Type",
                words: line
            )
        },
        LoaderRule("…can't load … program on …Endian…") { _, line in
            Cause(
                .foreignByteOrder,
                "the object is for machines that store numbers in the other byte order",
                words: line
            )
        },
    ]

    private static let ciliumTargets: [LoaderRule] = [
        LoaderRule { line, _ in
            guard line.contains("find target for "),
                let match = line.firstMatch(of: #/find target for (?:[a-z_]+ )?([^ :]+): /#)
            else { return nil }
            return LoaderCause.missingTarget("function, tracepoint or hook \(match.1)", words: line)
        },
        LoaderRule { line, _ in
            guard line.contains("token ") || line.contains("symbol "),
                let match = line.firstMatch(
                    of: #/(?:token|symbol) '?([^ :']+)'?: (?:not found|.*no such file|.*does not exist)/#
                )
            else { return nil }
            return LoaderCause.missingTarget("function \(match.1)", words: line)
        },
        LoaderRule { line, _ in
            guard line.contains("event "), let match = line.firstMatch(of: #/trace ?event ([^ :]+): /#) else {
                return nil
            }
            return LoaderCause.missingTarget("tracepoint \(match.1)", words: line)
        },
    ]

    private static let ciliumLast: [LoaderRule] = [
        LoaderRule { line, _ in feature(in: line, words: line) },
        LoaderRule { line, _ in
            guard line.contains("CAP_") else { return nil }
            let names = line.matches(of: #/CAP_[A-Z_]+/#).map { String($0.0) }
            guard !names.isEmpty,
                line.contains(#/(?i)missing|requires?|needs?|not permitted|denied|without|insufficient/#)
            else {
                return nil
            }
            return LoaderCause.permission("the loader has no \(names.joined(separator: ", "))", words: line)
        },
        LoaderRule("…load program: …") { values, line in
            LoaderCause.program(LoaderErrno.number(in: values[1]), words: line)
        },
        LoaderRule("…load BTF: …") { values, line in
            LoaderErrno.number(in: values[1]) == LoaderErrno.notPermitted
                ? LoaderCause.permission("the loader may not load type information (BTF)", words: line)
                : LoaderCause.unreadable("the kernel refuses the object's type information (BTF)", words: line)
        },
    ]
}
