// SPDX-License-Identifier: Apache-2.0

import BTF

/// What a program asks its kernel for by name.
public struct KernelName: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// One whose type is known, which `fentry` and calls need.
        case function = "func"
        /// One that a kprobe can be attached to at most, since its type is not known.
        case symbol
        /// By its own name, without `btf_trace_`.
        case tracepoint
        case structure = "struct"
        case union
        case enumeration = "enum"
        case typedef
        case integer = "int"
        /// A function that programs may call. It is a function too.
        case kfunc
        /// By the name of the structure that programs fill: `tcp_congestion_ops`.
        case structOps = "struct_ops"
    }

    public let kind: Kind
    public let name: String

    public init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// A type that CO-RE looks for under its name without a flavour; nil where it looks for no type of this kind.
    public init?(type kind: BTFKind, essentialName: String) {
        guard !essentialName.isEmpty else { return nil }
        let named: Kind? =
            switch kind {
            case .structure: .structure
            case .union: .union
            case .enumeration, .enumeration64: .enumeration
            case .typedef: .typedef
            case .integer: .integer
            default: nil
            }
        guard let named else { return nil }
        self.init(named, essentialName)
    }

    /// `struct nf_conn`, `func nf_conntrack_in`
    public var description: String { "\(kind.rawValue) \(name)" }
}
