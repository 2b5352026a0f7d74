// SPDX-License-Identifier: Apache-2.0

/// What libbpf did not find because it is in a module: `find_kernel_btf_id()`, `find_ksym_btf_id()` and `bpf_core_find_cands()` look
/// through the types of modules that are loaded, and of no others.
extension CauseRule {
    static let modules: [CauseRule] = [
        CauseRule(when: { evidence in
            guard let name = missingName(evidence) else { return nil }
            return evidence.kernel.modules.absence(
                of: name.text,
                on: evidence.kernel.version,
                words: name.words
            )
        })
    ]

    static let unknownFunction: Wording = "invalid func unknown♯#"
    private static let unresolvedKfunc: Wording = "kfunc '…' is referenced but wasn't resolved"
    private static let unresolved: Wording = "failed to resolve CO-RE relocation …"

    /// The name that nothing was found under, and the words that say so; nil where something else is the matter.
    private static func missingName(_ evidence: Evidence) -> (text: String, words: String)? {
        for line in evidence.complaints {
            for wording in absences {
                guard let name = wording.match(line)?.first else { continue }
                return (name.replacing("bpf_struct_ops_", with: ""), line)
            }
        }
        for line in evidence.messages {
            if let values = unknownFunction.match(line), let number = UInt32(values[0]) {
                if number == LoaderPoison.relocation {
                    return evidence.program.unmatchedRelocation.flatMap(typeName).map { ($0, line) }
                }
                if LoaderPoison.kfuncs.contains(number) {
                    return evidence.program.unresolvedKfunc.map { (withoutFlavour($0), line) }
                }
            } else if let values = unresolved.match(line) {
                return typeName(values[0]).map { ($0, line) }
            } else if let values = unresolvedKfunc.match(line) {
                return (withoutFlavour(values[0]), line)
            }
        }
        return nil
    }

    private static let absences: [Wording] = [
        "failed to find kernel BTF type ID of '…': …", "failed to find kernel BTF type ID of '…'",
        "extern (func ksym) '…': not found in kernel or module BTFs",
        "extern '…' (strong): not resolved", "struct_ops init_kern: struct … is not found in kernel BTF",
    ]

    /// `nf_conn` of `<byte_off> [13] struct nf_conn___mine.status (0:0 @ offset 0)`.
    private static func typeName(_ text: String) -> String? {
        guard let match = text.firstMatch(of: #/(?:struct|union|enum|typedef) (\w+)/#) else { return nil }
        return withoutFlavour(String(match.1))
    }

    private static func withoutFlavour(_ name: String) -> String {
        guard let end = name.firstRange(of: "___") else { return name }
        return String(name[..<end.lowerBound])
    }
}

extension Evidence.ModuleFacts {
    /// Why nothing is found under a name that a module has.
    ///
    /// - Parameters:
    ///   - name: of a function, a tracepoint or a type; the kernel itself does not have it.
    ///   - version: the kernel's.
    ///   - words: what this is told from.
    /// - Returns: nil where no module has the name, or one that has it is loaded: then it is not that.
    public func absence(of name: String, on version: LinuxVersion?, words: String? = nil) -> Cause? {
        guard let home = home(of: name) else { return nil }
        let text = home.count > 1 ? "modules (\(Self.list(home)))" : "the module \(home[0])"
        guard haveTypes else {
            let since = LinuxVersion(5, 11)
            let isOld = version.map { $0 < since } ?? false
            return Cause(
                .moduleNotLoaded,
                "\(name) is in \(text), and this kernel has no types of modules"
                    + (isOld ? ", which came with Linux \(since)" : ""),
                cure: "a kprobe needs no types; or load the program only where the kernel has them (SEC(\"?…\"), "
                    + "bpf_program__set_autoload())",
                since: isOld ? since : nil,
                words: words
            )
        }
        if let failed = home.lazy.compactMap({ module in failures[module].map { (module, $0) } }).first {
            return Cause(
                .moduleNotLoaded,
                "\(name) is in the module \(failed.0), which this guest could not load (errno \(failed.1))",
                cure: "try it where that module can be loaded",
                words: words
            )
        }
        // It was there, and did not help.
        guard !home.contains(where: loaded.contains) else { return nil }
        return Cause(
            .moduleNotLoaded,
            "\(name) is in \(text), which \(home.count > 1 ? "are" : "is") not loaded",
            cure: "load the module first (modprobe \(home[0])); or load the program only where it is there "
                + "(SEC(\"?…\"), bpf_program__set_autoload())",
            words: words
        )
    }

    private static func list(_ modules: [String]) -> String {
        let shown = modules.prefix(3).joined(separator: ", ")
        return modules.count > 3 ? "\(shown) and \(modules.count - 3) more" : shown
    }
}
