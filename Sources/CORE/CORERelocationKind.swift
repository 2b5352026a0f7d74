// SPDX-License-Identifier: Apache-2.0

/// What a relocation asks of the kernel's types: `enum bpf_core_relo_kind` in include/uapi/linux/bpf.h.
public enum CORERelocationKind: UInt32, Sendable, Hashable, CaseIterable {
    case fieldByteOffset = 0
    case fieldByteSize = 1
    case fieldExists = 2
    case fieldSigned = 3
    /// Bits to shift a bit-field to the left in 64 bits, and then to the right.
    case fieldLeftShift = 4
    case fieldRightShift = 5
    /// The type's number in the object itself.
    case typeIDLocal = 6
    case typeIDTarget = 7
    case typeExists = 8
    case typeSize = 9
    case enumeratorExists = 10
    case enumeratorValue = 11
    case typeMatches = 12

    /// What it goes by.
    public enum Subject: Sendable, Hashable {
        case field
        case type
        case enumerator
    }

    public var subject: Subject {
        switch self {
        case .fieldByteOffset, .fieldByteSize, .fieldExists, .fieldSigned, .fieldLeftShift, .fieldRightShift: .field
        case .typeIDLocal, .typeIDTarget, .typeExists, .typeSize, .typeMatches: .type
        case .enumeratorExists, .enumeratorValue: .enumerator
        }
    }

    /// Whether its answer may be "no": code that asks so is prepared for kernels that don't have it.
    public var asksForExistence: Bool {
        switch self {
        case .fieldExists, .typeExists, .typeMatches, .enumeratorExists: true
        default: false
        }
    }

    /// libbpf's word for it, as its messages have it (`core_relo_kind_str` in relo_core.c).
    public var word: String {
        switch self {
        case .fieldByteOffset: "byte_off"
        case .fieldByteSize: "byte_sz"
        case .fieldExists: "field_exists"
        case .fieldSigned: "signed"
        case .fieldLeftShift: "lshift_u64"
        case .fieldRightShift: "rshift_u64"
        case .typeIDLocal: "local_type_id"
        case .typeIDTarget: "target_type_id"
        case .typeExists: "type_exists"
        case .typeSize: "type_size"
        case .enumeratorExists: "enumval_exists"
        case .enumeratorValue: "enumval_value"
        case .typeMatches: "type_matches"
        }
    }
}
