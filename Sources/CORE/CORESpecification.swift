// SPDX-License-Identifier: Apache-2.0

import BTF

/// A way through types to a field, to a value of an enumeration, or to a type as such: of an object, as its relocation says
/// it, or of a kernel, as it was found there (`struct bpf_core_spec` in libbpf's relo_core.h).
public struct CORESpecification: Sendable {
    /// One step that means something: a named member, or an element of an array. Anonymous structs and unions are passed
    /// through without one.
    public struct Accessor: Sendable {
        /// The struct or union whose member it is, the enumeration, or the type of the element.
        public let type: UInt32
        /// The member's or enumerator's position, or the number of the element.
        public let index: Int
        /// nil for an element.
        public let name: BTFName?
    }

    public let types: BTFTypes
    /// With the typedefs and qualifiers that it may have.
    public let root: UInt32
    public let kind: CORERelocationKind
    public internal(set) var accessors: [Accessor] = []
    /// Every step, those through anonymous members included.
    public internal(set) var path: [Int] = []
    /// From the root's beginning.
    public internal(set) var bitOffset: UInt32 = 0

    /// `BPF_CORE_SPEC_MAX_LEN`
    static let longestPath = 64

    init(types: BTFTypes, root: UInt32, kind: CORERelocationKind) {
        self.types = types
        self.root = root
        self.kind = kind
    }

    /// As C has it: `struct task_struct.mm`, `enum state::RUNNING`, `struct request`.
    public var text: String { text(steps: accessors.count) }

    /// The last member or enumerator on the way, without what makes it a flavour; nil where there is none.
    public var lastName: String? { accessors.last { $0.name != nil }?.name?.essential }

    /// The same, up to and with so many steps.
    func text(steps count: Int) -> String {
        guard let type = types.type(root) else { return "?" }
        let name = type.name.text
        let word =
            switch type.kind {
            case .structure, .union: "\(type.kind.word) "
            case .enumeration, .enumeration64: "enum "
            default: ""
            }
        return "\(word)\(name.isEmpty ? "<anon>" : name)\(steps(count))"
    }

    private func steps(_ count: Int) -> String {
        if kind.subject == .enumerator { return accessors.first?.name.map { "::\($0)" } ?? "" }
        var text = ""
        for (position, accessor) in accessors.prefix(count).enumerated() {
            if let name = accessor.name {
                text += ".\(name)"
            } else if position > 0 || accessor.index != 0 {
                text += "[\(UInt32(truncatingIfNeeded: accessor.index))]"
            }
        }
        return text
    }
}

/// The form in which libbpf writes it in its messages (`bpf_core_format_spec`):
/// `<byte_off> [7] struct task_struct.mm (0:12 @ offset 96)`.
extension CORESpecification: CustomStringConvertible {
    public var description: String {
        guard let type = types.type(root) else { return "<\(kind.word)> [\(root)] ?" }
        let name = type.name.text
        let opening = "<\(kind.word)> [\(root)] \(type.kind.word) \(name.isEmpty ? "<anon>" : name)"
        switch kind.subject {
        case .type: return opening
        case .enumerator:
            guard let accessor = accessors.first,
                let enumerator = types.type(accessor.type)?.enumerator(accessor.index)
            else { return opening }
            return "\(opening)::\(enumerator.name) = \(enumerator.valueText)"
        case .field:
            let bits = bitOffset % 8 == 0 ? "" : ".\(bitOffset % 8)"
            let path = path.map { "\($0)" }.joined(separator: ":")
            return "\(opening)\(steps(accessors.count)) (\(path) @ offset \(bitOffset / 8)\(bits))"
        }
    }
}
