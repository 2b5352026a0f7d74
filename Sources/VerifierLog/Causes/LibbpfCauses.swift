// SPDX-License-Identifier: Apache-2.0

/// What libbpf's own messages are taken for where nothing else is known, from 0.8 to 1.7: numbers of errors were spelt out and
/// followed by `(-22)`, or were `-22`, before 1.6, and are `-EINVAL` since (`errstr()`).
extension CauseRule {
    static let libbpfWords: [CauseRule] = [
        LoaderRule.rule(libbpfMaps + libbpfTypes + libbpfTargets + libbpfObject + libbpfLast)
    ]

    private static let libbpfMaps: [LoaderRule] = [
        LoaderRule("map '…': failed to create: …") { values, line in
            LoaderCause.map(values[0], LoaderErrno.number(in: values[1]), words: line)
        },
        LoaderRule("map '…': failed to create inner map: …") { values, line in
            LoaderCause.map(values[0], isInner: true, LoaderErrno.number(in: ": " + values[1]), words: line)
        },
        LoaderRule("couldn't reuse pinned map at '…': parameter mismatch") { values, line in
            Cause(
                .mapAttributes,
                "the map that is pinned at \(values[0]) is another one: its type, sizes or flags are not those of the object",
                cure: "remove the pinned map, or declare it as it was",
                words: line
            )
        },
        LoaderRule("map '…': error reusing pinned map", "map '…': cannot find pinned map") { values, line in
            Cause(
                .mapAttributes,
                "the pinned map '\(values[0])' can't be used",
                cure: "remove it, or pin it again",
                words: line
            )
        },
        LoaderRule("permission error while running as root; try raising 'ulimit -l'? current value: …") {
            values,
            line in
            LoaderCause.permission("the loader may lock too little memory (\(values[0]))", words: line)
        },
    ]

    private static let libbpfTypes: [LoaderRule] = [
        LoaderRule("BTF is required, but is missing or corrupted.") { _, line in
            LoaderCause.unreadable(
                "the object has no type information (BTF), which its maps or externs need: compile with -g",
                words: line
            )
        },
        LoaderRule("Error loading .BTF into kernel: …. BTF is mandatory, can't proceed.") { values, line in
            Cause(
                .kernelWithoutTypes,
                "this kernel does not take the object's type information (BTF), which the object needs (\(values[0]))",
                cure: "a newer kernel; or compile with an older clang, or without what only new kernels know",
                words: line
            )
        },
        LoaderRule("extern … (strong) not resolved") { values, line in
            extern(values[0], words: line)
        },
        LoaderRule("extern (kcfg) …=… should be …") { values, line in
            Cause(
                .externUnresolved,
                "the extern \(values[0]) does not suit its value \(values[1]): it should be \(values[2])",
                cure: "declare it with a type that the value fits",
                words: line
            )
        },
        LoaderRule("failed to open system Kconfig", "error parsing system Kconfig line '…': …") { _, line in
            Cause(
                .externUnresolved,
                "the object reads this kernel's configuration, and there is none to read",
                cure:
                    "declare what it reads weak (__kconfig __weak); or a kernel with CONFIG_IKCONFIG_PROC=y, or its file in /boot",
                words: line
            )
        },
        LoaderRule("failed to open /proc/kallsyms: …") { _, line in
            Cause(
                .externUnresolved,
                "the object names symbols of the kernel, and /proc/kallsyms can't be read",
                cure: "mount /proc; declare the symbols weak (__ksym __weak)",
                words: line
            )
        },
        LoaderRule("extern (ksym) '…': resolution is ambiguous: …", "extern (ksym) '…' resolution is ambiguous: …") {
            values,
            line in
            Cause(.externUnresolved, "this kernel has several symbols named \(values[0])", words: line)
        },
        LoaderRule("relo ♯#: no matching targets found for …", "relo ♯#: no matching targets found") { values, line in
            Cause(
                .relocationWithoutMatch,
                values.count > 1
                    ? "this kernel has nothing that matches \(values[1])" : "a CO-RE relocation found no match",
                cure: "ask first: if (bpf_core_field_exists(…))",
                words: line
            )
        },
        LoaderRule(
            "relo ♯#: relocation decision ambiguity: …",
            "relo ♯#: field offset ambiguity: …",
            "relo ♯#: target candidate search failed for …",
            "relo ♯#: error matching candidate …",
            "relo ♯#: unexpected insn ♯# …",
            "relo ♯#: insn ♯# …"
        ) { _, line in LoaderCause.unmatched(line) },
    ]

    static func extern(_ name: String, words: String) -> Cause {
        name.hasPrefix("CONFIG_")
            ? Cause(
                .externUnresolved,
                "\(name) is not set in this kernel's configuration, or there is none to read",
                cure: "declare it weak, which makes it 0 there: extern … \(name) __kconfig __weak;",
                words: words
            )
            : Cause(
                .externUnresolved,
                "this kernel has no symbol \(name)",
                cure: "declare it weak, and test its address: extern const void \(name) __ksym __weak;",
                words: words
            )
    }

    private static let libbpfTargets: [LoaderRule] = [
        LoaderRule("… is not found in vmlinux BTF") { values, line in
            LoaderCause.missingTarget("function or hook \(values[0])", words: line)
        },
        LoaderRule("… is not found in prog's BTF", "failed to find BPF program (FD #) BTF ID for '…': …") {
            values,
            line in
            LoaderCause.missingTarget(
                "function \(values.count > 1 ? values[1] : values[0]) in the program that is named",
                words: line
            )
        },
        LoaderRule("The target program doesn't have BTF") { _, line in
            Cause(.targetRefused, "the program that is to be attached to has no type information (BTF)", words: line)
        },
        LoaderRule("failed to create … '…' perf event: …", "failed to add legacy … event for '…': …") { values, line in
            let errno = LoaderErrno.number(in: ": " + values[2])
            guard errno == nil || errno == LoaderErrno.noEntry || errno == LoaderErrno.invalid else {
                return attachment(errno, words: line)
            }
            return LoaderCause.missingTarget("\(values[0]) \(functionName(values[1]))", words: line)
        },
        LoaderRule(
            "failed to determine tracepoint '…' perf event ID: …",
            "failed to create tracepoint '…' perf event: …",
            "failed to attach to raw tracepoint '…': …"
        ) { values, line in
            let errno = LoaderErrno.number(in: ": " + values[1])
            if errno == LoaderErrno.notPermitted || errno == LoaderErrno.accessDenied {
                return attachment(errno, words: line)
            }
            return LoaderCause.missingTarget("tracepoint \(values[0])", words: line)
        },
        LoaderRule("elf: failed to find symbol '…' in '…'", "elf: symbol '…' not found in '…'") { values, line in
            Cause(
                .targetMissing,
                "\(values[1]) has no function \(values[0]) to attach to",
                cure: "attach to a function that it exports (nm -D), or by an offset",
                words: line
            )
        },
        LoaderRule("failed to resolve full path for '…': …") { values, line in
            Cause(.targetMissing, "there is no program or library \(values[0]) to attach to", words: line)
        },
        LoaderRule("failed to attach to …: …", "failed to attach: …") { values, line in
            attachment(LoaderErrno.number(in: ": " + (values.last ?? "")), words: line)
        },
    ]

    /// `do_renameat2` of `do_renameat2+0x0`.
    private static func functionName(_ text: String) -> String {
        text.hasSuffix("+0x0") ? String(text.dropLast(4)) : text
    }

    static func attachment(_ errno: Int32?, words: String) -> Cause? {
        switch errno {
        case LoaderErrno.notPermitted, LoaderErrno.accessDenied:
            LoaderCause.permission("the loader may not attach the program", words: words)
        case LoaderErrno.noEntry: LoaderCause.missingTarget("such place", words: words)
        case LoaderErrno.invalid, LoaderErrno.notSupported, 38, 524:
            Cause(.targetRefused, "this kernel refuses to attach the program there", words: words)
        case 16, 17: Cause(.targetRefused, "something else is attached there already", words: words)
        default: nil
        }
    }

    private static let libbpfObject: [LoaderRule] = [
        LoaderRule("elf: endianness mismatch in …", "object '…': loading non-native endianness is unsupported") {
            _,
            line in
            Cause(
                .foreignByteOrder,
                "the object is for machines that store numbers in the other byte order",
                cure: "compile with -target bpf, or bpfel and bpfeb for one order",
                words: line
            )
        },
        LoaderRule(
            "legacy map definitions in SEC(\"maps\") are not supported",
            "map '…' (legacy): legacy map definitions are deprecated, use BTF-defined maps instead"
        ) { _, line in
            Cause(
                .legacyMaps,
                "maps are declared in a section \"maps\" (struct bpf_map_def), which libbpf no longer takes",
                cure: "declare them by types: struct { __uint(type, BPF_MAP_TYPE_HASH); … } name SEC(\".maps\");",
                words: line
            )
        },
        LoaderRule("sec '…': program '…' is static and not supported") { values, line in
            LoaderCause.unreadable(
                "program '\(values[1])' is static, which libbpf refuses: leave static out",
                words: line
            )
        },
        LoaderRule(
            "elf: '…' is not a proper ELF object",
            "elf: … is not a valid eBPF object file",
            "elf: failed to open …: …",
            "elf: '…' is not a 64-bit ELF object"
        ) { values, line in
            Cause(.notAnObject, "\(values[0]) is missing, can't be read, or is no BPF object", words: line)
        },
        LoaderRule("map '…': attr '…': …", "map '…': unknown field '…'.", "map '…': conflicting … size …") {
            values,
            line in
            LoaderCause.unreadable("libbpf can't read the definition of map '\(values[0])'", words: line)
        },
        LoaderRule("map '…': map type isn't specified.") { values, line in
            LoaderCause.unreadable(
                "map '\(values[0])' has no type: __uint(type, BPF_MAP_TYPE_…) is missing",
                words: line
            )
        },
        LoaderRule("invalid relo against '…' …", "bad map relo against '…' …", "bad call relo against '…' …") {
            values,
            line in
            LoaderCause.unreadable(
                "the object refers to '\(values[0])' in a way that libbpf does not know",
                words: line
            )
        },
    ]

    /// They only say that something failed.
    private static let libbpfLast: [LoaderRule] = [
        LoaderRule("failed to perform CO-RE relocations: …", "relo ♯#: failed to relocate: …") { _, line in
            LoaderCause.unmatched(line)
        },
        LoaderRule("Failed to bump RLIMIT_MEMLOCK (err = …), you might need to do it explicitly!") { _, line in
            LoaderCause.permission("the loader may not raise the limit on locked memory", words: line)
        },
        LoaderRule("BPF program load failed: …") { values, line in
            LoaderCause.program(LoaderErrno.number(in: ": " + values[0]), words: line)
        },
    ]
}
