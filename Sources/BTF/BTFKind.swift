// SPDX-License-Identifier: Apache-2.0

/// What a type is: `BTF_KIND_…` in include/uapi/linux/btf.h.
public enum BTFKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Number 0, which no blob holds: `void`.
    case void = 0
    case integer = 1
    case pointer = 2
    case array = 3
    case structure = 4
    case union = 5
    case enumeration = 6
    /// A `struct` or `union` that is only declared.
    case forward = 7
    case typedef = 8
    case volatile = 9
    case const = 10
    case restrict = 11
    case function = 12
    case functionPrototype = 13
    case variable = 14
    /// The variables of one ELF section.
    case dataSection = 15
    case float = 16
    /// `__attribute__((btf_decl_tag("…")))`
    case declarationTag = 17
    /// `__attribute__((btf_type_tag("…")))`
    case typeTag = 18
    /// An enumeration whose values take 64 bits.
    case enumeration64 = 19

    /// The word that libbpf and bpftool have for it: `struct`, `func_proto`.
    public var word: String {
        switch self {
        case .void: "void"
        case .integer: "int"
        case .pointer: "ptr"
        case .array: "array"
        case .structure: "struct"
        case .union: "union"
        case .enumeration: "enum"
        case .forward: "fwd"
        case .typedef: "typedef"
        case .volatile: "volatile"
        case .const: "const"
        case .restrict: "restrict"
        case .function: "func"
        case .functionPrototype: "func_proto"
        case .variable: "var"
        case .dataSection: "datasec"
        case .float: "float"
        case .declarationTag: "decl_tag"
        case .typeTag: "type_tag"
        case .enumeration64: "enum64"
        }
    }

    /// `struct` or `union`.
    public var isComposite: Bool { self == .structure || self == .union }

    public var isEnumeration: Bool { self == .enumeration || self == .enumeration64 }

    /// What stands between a type and what it is: qualifiers and type tags (`btf_is_mod` in libbpf's btf.h).
    public var isModifier: Bool {
        switch self {
        case .volatile, .const, .restrict, .typeTag: true
        default: false
        }
    }

    /// Bytes behind the twelve that every type has.
    ///
    /// - Parameter length: `vlen`, at most 2²⁴ − 1.
    func bytesBehind(_ length: Int) -> Int {
        switch self {
        case .integer, .variable, .declarationTag: 4
        case .array: 12
        case .structure, .union, .dataSection, .enumeration64: 12 * length
        case .enumeration, .functionPrototype: 8 * length
        case .void, .pointer, .forward, .typedef, .volatile, .const, .restrict, .function, .float, .typeTag: 0
        }
    }
}
