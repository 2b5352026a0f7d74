// SPDX-License-Identifier: Apache-2.0

import BTF

/// The kernel functions that programs may call, as declarations: what bpftool writes from 7.5 on, of kernels whose types mark
/// such functions (`bpf_kfunc`, since Linux 6.10 with pahole 1.26).
enum KfuncPrototypes {
    static let opening = "#ifndef BPF_NO_KFUNC_PROTOTYPES\n"

    /// - Parameters:
    ///   - header: what bpftool has written.
    ///   - types: those of the kernel; asked for only where bpftool has written no prototypes.
    static func added(to header: String, _ types: () throws -> BTFTypes) rethrows -> String {
        guard !header.contains(opening) else { return header }
        let prototypes = lines(of: try types())
        guard !prototypes.isEmpty else { return header }
        // The macros as libbpf's bpf_helpers.h has them, which sources include later.
        let parts = [
            "\n/* BPF kfuncs */\n", opening,
            "#ifndef __ksym\n#define __ksym __attribute__((section(\".ksyms\")))\n#endif\n\n",
            "#ifndef __weak\n#define __weak __attribute__((weak))\n#endif\n\n",
            prototypes.map { $0 + "\n" }.joined(), "#endif /* BPF_NO_KFUNC_PROTOTYPES */\n",
        ]
        // Its last line ends the guard against reading it twice.
        guard let end = header.range(of: "#endif", options: .backwards) else { return header + parts.joined() }
        return header[..<end.lowerBound] + parts.joined() + "\n" + header[end.lowerBound...]
    }

    /// `extern struct task_struct *bpf_task_acquire(struct task_struct *p) __weak __ksym;`
    static func lines(of types: BTFTypes) -> [String] {
        var names: Set<String> = []
        return types.ownIDs.compactMap { id in
            guard let tag = types.type(id), tag.kind == .declarationTag, tag.component == nil, tag.name.text == mark,
                let function = tag.target.flatMap(types.type), function.kind == .function,
                let prototype = function.target
            else { return nil }
            let name = function.name.text
            let declaration = types.spelling(of: prototype, declaring: name)
            // What C has no name for can't be declared.
            guard !declaration.contains("…"), names.insert(name).inserted else { return nil }
            return "extern \(declaration) __weak __ksym;"
        }
    }

    private static let mark = "bpf_kfunc"

    /// Those that are declared in a part of a header.
    static func names(in text: Substring) -> Set<String> {
        Set(text.matches(of: #/\b(\w+)\([^;\n]*\) __weak __ksym;/#).map { String($0.1) })
    }
}
