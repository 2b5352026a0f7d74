// SPDX-License-Identifier: Apache-2.0

import BTF

/// C that asks for all that can be asked of a part of a kernel's types: each question becomes a relocation, and most of the types
/// are others in other kernels.
struct GeneratedPrograms {
    let types: BTFTypes
    private let structures: [BTFType]
    private let names: [String: Int]

    private static let opening = "#include <bpf/bpf_core_read.h>\n"

    /// - Parameter types: those that vmlinux.h was made of.
    init(_ types: BTFTypes) {
        self.types = types
        let named = types.ownIDs.compactMap { types.type($0) }
            .filter { ($0.kind == .structure || $0.kind == .union) && !$0.name.isEmpty }
        structures = named
        names = Dictionary(named.map { ($0.name.essential, 1) }, uniquingKeysWith: +)
    }

    /// A program for each of so many structs, evenly spread: every member's place, size, existence, sign, shifts, and reads
    /// and writes of those that fit into an instruction.
    func fields(of count: Int, part: Int, parts: Int) -> String {
        let unique = structures.filter { names[$0.name.essential] == 1 && $0.length > 0 }
        let step = max(1, unique.count / (count * parts))
        var code = Self.opening
        for index in 0..<count {
            let position = (index * parts + part) * step
            guard position < unique.count else { break }
            code += program("f\(position)", fields(of: unique[position]))
        }
        return code
    }

    private func fields(of type: BTFType) -> [String] {
        let object = "((\(type.kind.word) \(type.name) *)ctx)"
        var lines: [String] = []
        // A struct of hundreds says no more than one of dozens.
        for member in type.members.prefix(48) where !member.name.isEmpty {
            let field = "\(object)->\(member.name)"
            guard let inner = types.resolved(member.type) else { continue }
            func ask(_ kind: Int) { lines.append("sum += __builtin_preserve_field_info(\(field), \(kind));") }
            ask(0)
            ask(2)
            if let size = types.size(of: member.type), size > 0 { ask(1) }
            let isNumber = inner.kind == .integer || inner.kind.isEnumeration
            if isNumber {
                ask(3)
                ask(4)
                ask(5)
            }
            guard isNumber || inner.kind == .pointer, member.bitFieldSize == 0, (inner.ownSize ?? 8) <= 8 else {
                continue
            }
            lines.append("sum += (long)\(field);")
            if types.type(member.type)?.kind == inner.kind {
                lines.append("\(field) = (__typeof__(\(field)))(long)sum;")
            }
        }
        return lines
    }

    /// Whether types exist, their sizes and numbers, and whether they match: structs, enumerations, and what typedefs stand for.
    func types(_ count: Int) -> String {
        let all = types.ownIDs.compactMap { types.type($0) }.filter { type in
            guard !type.name.isEmpty else { return false }
            switch type.kind {
            case .structure, .union: return names[type.name.essential] == 1
            case .enumeration, .enumeration64: return true
            // Of what is only declared no size can be asked.
            case .typedef: return types.size(of: type.id) != nil && !type.name.text.hasPrefix("__builtin")
            default: return false
            }
        }
        let step = max(1, all.count / count)
        let chosen = stride(from: 0, to: all.count, by: step).map { all[$0] }
        return Self.opening
            + program(
                "types",
                chosen.flatMap { type in
                    let spelled = types.spelling(of: type.id)
                    return [
                        "sum += bpf_core_type_exists(\(spelled));", "sum += bpf_core_type_size(\(spelled));",
                        "sum += bpf_core_type_matches(\(spelled));", "sum += bpf_core_type_id_kernel(\(spelled));",
                        "sum += bpf_core_type_id_local(\(spelled));",
                    ]
                }
            )
    }

    /// Values of enumerations, and whether they exist; all those of 64 bits, and some of 32.
    func enumerators(_ count: Int) -> String {
        let all = types.ownIDs.compactMap { types.type($0) }.filter { $0.kind.isEnumeration && !$0.name.isEmpty }
        let narrow = all.filter { $0.kind == .enumeration }
        let chosen =
            all.filter { $0.kind == .enumeration64 }
            + stride(from: 0, to: narrow.count, by: max(1, narrow.count / count)).map { narrow[$0] }
        // A program for each: libbpf refuses values of 2³¹ and more of 32 bits, which it takes for negative ones.
        return chosen.reduce(Self.opening) { code, type in
            let lines = type.enumerators.prefix(16).flatMap { enumerator in
                [
                    "sum += bpf_core_enum_value(enum \(type.name), \(enumerator.name));",
                    "sum += bpf_core_enum_value_exists(enum \(type.name), \(enumerator.name));",
                ]
            }
            return code + program("e\(type.id)", lines)
        }
    }

    /// Structs of which the kernel has several of one name: each question is a program of its own, since libbpf gives up at
    /// the first that has no answer.
    func ambiguous() -> String {
        var code = Self.opening
        var seen: Set<String> = []
        for type in structures where (names[type.name.essential] ?? 0) > 1 && seen.insert(type.name.essential).inserted
        {
            let spelled = "\(type.kind.word) \(type.name.essential)"
            guard type.name.text == type.name.essential else { continue }
            var questions = [
                "bpf_core_type_exists(\(spelled))", "bpf_core_type_size(\(spelled))",
                "bpf_core_type_id_kernel(\(spelled))",
                "bpf_core_type_matches(\(spelled))",
            ]
            for member in type.members.prefix(3) where !member.name.isEmpty {
                for kind in [0, 1, 2] {
                    questions.append("__builtin_preserve_field_info(((\(spelled) *)0)->\(member.name), \(kind))")
                }
            }
            for (number, question) in questions.enumerated() {
                code += program("\(type.name.essential)_\(number)", ["sum += \(question);"])
            }
        }
        return code
    }

    private func program(_ name: String, _ lines: [String]) -> String {
        let body = lines.joined(separator: "\n    ")
        return
            "SEC(\"kprobe/vfs_open\") int \(name)(void *ctx)\n{\n    unsigned long sum = 0;\n    \(body)\n    return sum;\n}\n"
    }
}
