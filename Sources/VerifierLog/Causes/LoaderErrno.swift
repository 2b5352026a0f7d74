// SPDX-License-Identifier: Apache-2.0

/// The errno in a loader's words, as each spells it: `Invalid argument(-22)` (libbpf before 1.6), `-EINVAL` (1.6 and later),
/// `: -22`, `invalid argument` (Go), `Invalid argument (os error 22)` (Rust), `with code -22` (aya before 0.13).
enum LoaderErrno {
    /// Positive; nil where there is none, or none that is known here.
    static func number(in text: String) -> Int32? {
        if let match = text.firstMatch(of: #/\((?:os error |-)(\d{1,4})\)/#) { return Int32(match.1) }
        if let match = text.firstMatch(of: #/-(E[A-Z0-9]{2,15})\b/#), let found = ErrnoName.number(String(match.1)) {
            return found
        }
        if let match = text.firstMatch(of: #/(?:: |code |err = )-(\d{1,4})\b/#) { return Int32(match.1) }
        let small = text.lowercased()
        return texts.first { small.contains($0.text) }?.number
    }

    static let notPermitted: Int32 = 1
    static let noEntry: Int32 = 2
    static let tooBig: Int32 = 7
    static let outOfMemory: Int32 = 12
    static let accessDenied: Int32 = 13
    static let invalid: Int32 = 22
    static let notSupported: Int32 = 95

    /// What strerror(3) and Go make of them.
    private static let texts: [(text: String, number: Int32)] = [
        ("operation not permitted", 1), ("no such file or directory", 2), ("no such process", 3),
        ("argument list too long", 7), ("cannot allocate memory", 12), ("permission denied", 13), ("file exists", 17),
        ("device or resource busy", 16), ("invalid argument", 22), ("no space left", 28),
        ("numerical result out of range", 34), ("function not implemented", 38), ("operation not supported", 95),
        ("unknown error 524", 524), ("errno 524", 524),
    ]
}

extension Cause {
    /// The program that a loader names before its words: `program p: load program: …`; nil where it names none.
    public var program: String? {
        words.flatMap { !$0.contains("program ") ? nil : $0.firstMatch(of: #/(?:^|[ ":])program ([^ :"']+): /#) }.map {
            String($0.1)
        }
    }
}

/// Causes that loaders' words are taken for, whichever loader it was.
enum LoaderCause {
    /// A map that the kernel refused, of which no more is known than its name.
    ///
    /// - Parameter isInner: it is the template of the maps in the one that is named.
    static func map(_ name: String, isInner: Bool = false, _ errno: Int32?, words: String) -> Cause {
        let map = isInner ? "each of the maps in map '\(name)'" : "map '\(name)'"
        switch errno {
        case LoaderErrno.outOfMemory, LoaderErrno.tooBig:
            return Cause(
                .memoryLimit,
                "\(map) is larger than the kernel has memory for, or takes",
                cure: "a smaller max_entries, or a smaller value; before 5.11, raise RLIMIT_MEMLOCK",
                words: words
            )
        case LoaderErrno.notPermitted, LoaderErrno.accessDenied:
            return Cause(
                .permission,
                "the loader may not create \(map)",
                cure:
                    "load with CAP_BPF (and CAP_NET_ADMIN for maps of the network); before 5.11, raise RLIMIT_MEMLOCK",
                words: words
            )
        case LoaderErrno.invalid:
            return Cause(
                .mapAttributes,
                "\(map) was refused with EINVAL: this kernel does not have its type, or its flags, its sizes, its max_entries, or the "
                    + "types of its key and value are not what this kernel takes",
                cure:
                    "bpfmatrix check, with the object and this kernel, shows which; create it only where the kernel has it "
                    + "(bpf_map__set_autocreate())",
                words: words
            )
        case LoaderErrno.notSupported, 38, 524:
            return Cause(
                .mapTypeLacking,
                "this kernel does not have the type of \(map), or it was built without",
                cure: "create it only where the kernel has it (bpf_map__set_autocreate())",
                words: words
            )
        default:
            let number = errno.map { " (errno \($0))" } ?? ""
            return Cause(.mapAttributes, "\(map) was refused\(number)", words: words)
        }
    }

    /// A program that was refused without a word of the verifier's.
    static func program(_ errno: Int32?, words: String) -> Cause? {
        switch errno {
        case LoaderErrno.notPermitted:
            return permission("the loader may not load this program", words: words)
        case LoaderErrno.invalid:
            return Cause(
                .refusedUnseen,
                "refused before the verifier looked: this kernel does not take this type of program, its attach type, or a flag of "
                    + "its load",
                cure: "bpfmatrix check, with the object and this kernel, shows which",
                words: words
            )
        case LoaderErrno.tooBig:
            return Cause(
                .programTooLarge,
                "the program has more instructions than this kernel takes: 4096 without privilege or before 5.2, a million otherwise",
                cure:
                    "split it by tail calls; what is inlined in many places can be one global function (noinline, and not static)",
                words: words
            )
        case LoaderErrno.outOfMemory:
            return Cause(.memoryLimit, "the kernel does not have enough memory for this program", words: words)
        default: return nil
        }
    }

    static func permission(_ sentence: String, words: String) -> Cause {
        Cause(
            .permission,
            sentence,
            cure:
                "load as root, or with CAP_BPF, and CAP_PERFMON or CAP_NET_ADMIN as the type needs; before 5.11, raise RLIMIT_MEMLOCK",
            words: words
        )
    }

    static func withoutTypes(_ kernel: String?, words: String) -> Cause {
        Cause(
            .kernelWithoutTypes,
            "this kernel\(kernel.map { " (\($0))" } ?? "") has no type information (BTF) of its own, which the object needs",
            cure: "a kernel with CONFIG_DEBUG_INFO_BTF=y; CO-RE alone can use types from outside",
            words: words
        )
    }

    static func missingTarget(_ name: String, words: String) -> Cause {
        Cause(
            .targetMissing,
            "this kernel has no \(name) to attach to",
            cure:
                "attach to what this kernel has: SEC(\"?…\") for each candidate, and let the loader switch one on; functions of that "
                + "name may have been inlined or renamed, or be in a module that is not loaded",
            words: words
        )
    }

    static func unmatched(_ words: String) -> Cause {
        Cause(
            .relocationWithoutMatch,
            "a CO-RE relocation does not suit this kernel's types",
            cure:
                "ask first: if (bpf_core_field_exists(…)), bpf_core_type_exists(…), bpf_core_enum_value_exists(…); bpfmatrix check shows "
                + "which relocation it is",
            words: words
        )
    }

    static func unreadable(_ sentence: String, words: String) -> Cause {
        Cause(.objectUnreadable, sentence, words: words)
    }
}

/// A rule of loaders' words: the first line that fits decides.
struct LoaderRule: Sendable {
    let cause: @Sendable (_ line: String, _ evidence: Evidence) -> Cause?

    /// One rule for all, in their order. Where the verifier has spoken, loaders only repeat that something failed.
    static func rule(_ rules: [LoaderRule]) -> CauseRule {
        CauseRule(when: { evidence in
            guard evidence.messages.isEmpty else { return nil }
            let lines = evidence.complaints
            guard !lines.isEmpty else { return nil }
            for rule in rules {
                for line in lines { if let cause = rule.cause(line, evidence) { return cause } }
            }
            return nil
        })
    }

    init(_ cause: @escaping @Sendable (_ line: String, _ evidence: Evidence) -> Cause?) {
        self.cause = cause
    }

    /// - Parameter wordings: any text may stand before and behind them where they begin or end with `…`.
    init(_ wordings: Wording..., told: @escaping @Sendable (_ values: [String], _ line: String) -> Cause?) {
        cause = { line, _ in
            for wording in wordings {
                if let values = wording.match(line), let cause = told(values, line) { return cause }
            }
            return nil
        }
    }
}
