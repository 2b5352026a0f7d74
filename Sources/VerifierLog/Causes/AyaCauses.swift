// SPDX-License-Identifier: Apache-2.0

/// What errors of Rust's aya are taken for; an error's source stands on a line below it (`Caused by:`), or behind a colon.
extension CauseRule {
    static let ayaWords: [CauseRule] = [LoaderRule.rule(ayaMaps + ayaPrograms + ayaLast)]

    private static let ayaMaps: [LoaderRule] = [
        LoaderRule("…failed to create map `…`…") { values, evidence, line in
            LoaderCause.map(values[1], errno(line, evidence), words: line)
        },
        LoaderRule("…map `…` is a map-of-maps but has no inner map definition…") { values, _, line in
            Cause(
                .innerMapUnset,
                "map '\(values[1])' does not say what its maps are",
                cure: "declare the maps in it",
                words: line
            )
        },
        LoaderRule("…error parsing map `…`…", "…BTF map `…`: …") { values, _, line in
            LoaderCause.unreadable("aya can't read the definition of map '\(values[1])'", words: line)
        },
    ]

    private static let ayaPrograms: [LoaderRule] = [
        LoaderRule("…error parsing /sys/kernel/btf/vmlinux…") { _, _, line in LoaderCause.withoutTypes(nil, words: line)
        },
        LoaderRule("…typed ksyms require kernel BTF for resolution…") { _, _, line in
            LoaderCause.withoutTypes(nil, words: line)
        },
        LoaderRule("…BPF_BTF_LOAD syscall …") { _, _, line in
            Cause(
                .kernelWithoutTypes,
                "this kernel does not take the object's type information (BTF)",
                cure: "a newer kernel; or compile without what only new kernels know",
                words: line
            )
        },
        LoaderRule("…unknown BTF type `…`…") { values, _, line in
            LoaderCause.missingTarget("function, tracepoint or hook \(values[1])", words: line)
        },
        LoaderRule("…kernel function '…' not found in kernel BTF…") { values, _, line in
            Cause(
                .kfuncUnknown,
                "this kernel has no kfunc \(values[1])()",
                cure: "declare it weak, and test before the call",
                since: KfuncVersions.since(values[1]),
                words: line
            )
        },
        LoaderRule("…kernel function '…' has incompatible signature…") { values, _, line in
            Cause(
                .kfuncArgument,
                "\(values[1])() is declared otherwise than this kernel has it",
                cure: "declare it as the kernel does",
                words: line
            )
        },
        LoaderRule(
            "…kernel variable '…' not found…",
            "…kernel variable '…' has incompatible type…",
            "…strong extern `…` not resolvable …",
            "…extern `…` not found…"
        ) { values, _, line in extern(values[1], words: line) },
        LoaderRule("…relocation `…` missing target BTF info for type `…` at instruction ♯#…") { values, _, line in
            Cause(
                .relocationWithoutMatch,
                "this kernel has nothing that matches the type number \(values[2]) of the object (instruction \(values[3]))",
                cure: "ask first whether the field or type is there; bpfmatrix check shows which it is",
                words: line
            )
        },
        LoaderRule(
            "…multiple candidate target types found with different memory layouts…",
            "…relocation ♯# of kind `…` not valid …"
        ) {
            _,
            _,
            line in LoaderCause.unmatched(line)
        },
        LoaderRule("…invalid program section `…`…") { values, _, line in
            Cause(
                .sectionUnknown,
                "the section \"\(values[1])\" names no type of program that aya knows",
                cure: "name it as aya does: kprobe, xdp, classifier, …",
                words: line
            )
        },
        LoaderRule(
            "…`perf_event_open` failed…",
            "…perf_event_open failed…",
            "…`bpf_raw_tracepoint_open` failed…",
            "…`bpf_link_create` failed…"
        ) {
            _,
            evidence,
            line in attachment(errno(line, evidence), words: line)
        },
        LoaderRule("…BPF_PROG_LOAD syscall …") { _, evidence, line in
            LoaderCause.program(errno(line, evidence), words: line)
        },
    ]

    private static let ayaLast: [LoaderRule] = [
        LoaderRule("…error relocating `…`…", "…error relocating section…", "…error relocating function…") {
            values,
            _,
            line in
            let name = values.count > 2 ? " in '\(values[1])'" : ""
            return LoaderCause.unreadable("aya can't relocate what the object refers to\(name)", words: line)
        }
    ]

    /// Of the line itself, else of a line below it: `Invalid argument (os error 22)`.
    private static func errno(_ line: String, _ evidence: Evidence) -> Int32? {
        if let own = LoaderErrno.number(in: line) { return own }
        return evidence.complaints.lazy.filter { $0.contains("(os error ") }.compactMap { LoaderErrno.number(in: $0) }
            .first
    }
}

extension LoaderRule {
    init(
        _ wordings: Wording...,
        told: @escaping @Sendable (_ values: [String], _ evidence: Evidence, _ line: String) -> Cause?
    ) {
        cause = { line, evidence in
            for wording in wordings {
                if let values = wording.match(line), let cause = told(values, evidence, line) { return cause }
            }
            return nil
        }
    }
}
