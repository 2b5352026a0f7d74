// SPDX-License-Identifier: Apache-2.0

extension BTFTypes {
    /// The type as C spells it: `const char *`, `struct task_struct *[4]`, `int (*)(void *, int)`.
    ///
    /// A struct, union or enumeration without a name is `struct {…}`.
    ///
    /// - Parameter name: what is declared with that type; empty for the type alone.
    public func spelling(of id: UInt32, declaring name: String = "") -> String {
        var speller = CSpeller(types: self)
        return speller.spelling(of: id, declaring: name)
    }

    /// The type's whole declaration, with members, values or parameters, as C has it; for a section, those of its variables.
    public func declaration(of id: UInt32) -> String {
        var speller = CSpeller(types: self)
        return speller.declaration(of: id)
    }
}

/// Writes types as C. Whatever the types say, it ends: what is too deep or too long is written as `…`.
struct CSpeller {
    let types: BTFTypes
    /// How many more pieces may be written. No declaration of a kernel takes as many.
    private var budget = 20_000
    private var depth = 0
    /// A struct, union or enumeration without a name is written with all that is in it; else as `struct {…}`.
    private var isWhole = false

    /// Pointers to functions that take pointers to functions, anonymous structs in one another.
    private static let deepest = 12
    /// Pointers to pointers, arrays of arrays, qualifiers.
    private static let longestChain = 64
    private static let cut = "…"
    /// Longer than any identifier (`KSYM_NAME_LEN` is 512).
    private static let longestName = 512

    init(types: BTFTypes) {
        self.types = types
    }

    /// Walks from the outermost type to the innermost, and builds what C writes around the name inside out.
    mutating func spelling(of id: UInt32, declaring name: String) -> String {
        guard depth < Self.deepest else { return Self.cut }
        depth += 1
        defer { depth -= 1 }
        var declarator = name
        var qualifiers: [String] = []
        var next = id
        for _ in 0..<Self.longestChain {
            guard takePiece(), let type = types.type(next) else { return Self.cut }
            switch type.kind {
            case .const, .volatile, .restrict:
                qualifiers.append(type.kind.word)
                next = type.sizeOrType
            case .typeTag:
                let tag = Self.text(type.name)
                qualifiers.append(
                    type.kindFlag ? "__attribute__((\(tag)))" : "__attribute__((btf_type_tag(\"\(tag)\")))"
                )
                next = type.sizeOrType
            case .pointer:
                let own = qualifiers.isEmpty ? "" : qualifiers.reversed().joined(separator: " ")
                let gap = own.isEmpty || declarator.isEmpty ? "" : " "
                declarator = "*\(own)\(gap)\(declarator)"
                qualifiers = []
                next = type.sizeOrType
            case .array:
                guard let array = type.array else { return Self.cut }
                declarator = "\(Self.inParentheses(declarator))[\(array.count == 0 ? "" : "\(array.count)")]"
                next = array.element
            case .functionPrototype:
                declarator = "\(Self.inParentheses(declarator))(\(parameters(of: type)))"
                qualifiers = []
                next = type.sizeOrType
            default:
                let words = qualifiers.reversed() + [base(type)]
                return Self.join(words.joined(separator: " "), declarator)
            }
        }
        return Self.cut
    }

    mutating func declaration(of id: UInt32) -> String {
        isWhole = true
        guard let type = types.type(id) else { return Self.cut }
        switch type.kind {
        case .structure, .union, .enumeration, .enumeration64: return "\(base(type, isWhole: true));"
        case .typedef: return "typedef \(spelling(of: type.sizeOrType, declaring: Self.text(type.name)));"
        case .function:
            let opening = type.linkage == .isStatic ? "static " : ""
            return "\(opening)\(spelling(of: type.sizeOrType, declaring: Self.text(type.name)));"
        case .variable:
            let opening = type.linkage == .isStatic ? "static " : type.linkage == .external ? "extern " : ""
            return "\(opening)\(spelling(of: type.sizeOrType, declaring: Self.text(type.name)));"
        case .dataSection:
            return (0..<type.length).prefix { _ in budget > 0 }
                .compactMap { type.variable($0).flatMap { sectionVariable($0.type) } }
                .joined(separator: "\n")
        default: return "\(spelling(of: id, declaring: ""));"
        }
    }

    /// A variable or function in a section. Nothing else can be there; a section within itself would have no end.
    private mutating func sectionVariable(_ id: UInt32) -> String? {
        guard let kind = types.type(id)?.kind, kind == .variable || kind == .function else { return nil }
        return declaration(of: id)
    }

    /// What stands at the left of a declaration.
    private mutating func base(_ type: BTFType, isWhole: Bool = false) -> String {
        let name = Self.text(type.name)
        switch type.kind {
        case .void: return "void"
        case .forward: return "\(type.kindFlag ? "union" : "struct") \(name)"
        case .structure, .union:
            guard isWhole || name.isEmpty else { return "\(type.kind.word) \(name)" }
            guard self.isWhole else { return "\(type.kind.word) {\(Self.cut)}" }
            return Self.join(type.kind.word, name) + " " + members(of: type)
        case .enumeration, .enumeration64:
            guard isWhole || name.isEmpty else { return "enum \(name)" }
            guard self.isWhole else { return "enum {\(Self.cut)}" }
            return Self.join("enum", name) + " " + enumerators(of: type)
        default: return name.isEmpty ? Self.cut : name
        }
    }

    private mutating func members(of type: BTFType) -> String {
        guard type.length > 0 else { return "{}" }
        let margin = String(repeating: "\t", count: depth)
        var lines = "{\n"
        for position in 0..<type.length {
            guard let member = type.member(position), budget > 0 else {
                lines += "\(margin)\t\(Self.cut)\n"
                break
            }
            let bits = member.bitFieldSize > 0 ? " : \(member.bitFieldSize)" : ""
            lines += "\(margin)\t\(spelling(of: member.type, declaring: Self.text(member.name)))\(bits);\n"
        }
        return lines + "\(margin)}"
    }

    private mutating func enumerators(of type: BTFType) -> String {
        let margin = String(repeating: "\t", count: depth)
        var lines = "{\n"
        for position in 0..<type.length {
            guard let enumerator = type.enumerator(position), takePiece() else {
                lines += "\(margin)\t\(Self.cut)\n"
                break
            }
            lines += "\(margin)\t\(Self.text(enumerator.name)) = \(enumerator.valueText),\n"
        }
        return lines + "\(margin)}"
    }

    private mutating func parameters(of type: BTFType) -> String {
        guard type.length > 0 else { return "void" }
        var list: [String] = []
        for position in 0..<type.length {
            guard let parameter = type.parameter(position), budget > 0 else {
                list.append(Self.cut)
                break
            }
            let isEllipsis = parameter.type == 0 && position == type.length - 1
            list.append(isEllipsis ? "..." : spelling(of: parameter.type, declaring: Self.text(parameter.name)))
        }
        return list.joined(separator: ", ")
    }

    private static func text(_ name: BTFName) -> String {
        name.withBytes { $0.count <= longestName ? String(decoding: $0, as: UTF8.self) : cut }
    }

    private mutating func takePiece() -> Bool {
        guard budget > 0 else { return false }
        budget -= 1
        return true
    }

    /// A pointer to an array or function is not an array or function of pointers.
    private static func inParentheses(_ declarator: String) -> String {
        declarator.first == "*" ? "(\(declarator))" : declarator
    }

    private static func join(_ left: String, _ right: String) -> String {
        right.isEmpty ? left : "\(left) \(right)"
    }
}
