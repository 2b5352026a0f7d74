// SPDX-License-Identifier: Apache-2.0

/// Why libbpf would give up on the whole object because of one relocation. A kernel that merely lacks what is asked for is no
/// such reason: `COREMiss` tells that.
public enum CORERefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// A kind that libbpf 1.7 does not know.
    case unknownKind(UInt32)
    /// The type that it starts from is not among the object's.
    case noSuchType(UInt32)
    /// The path is none, or does not lead through the object's own types.
    case malformedAccess(String)
    /// Types that refer to what is not there, or to themselves.
    case malformedTypes
    /// More than 64 steps.
    case tooDeep
    /// There is nothing to look for in the kernel by.
    case anonymousType
    /// An element of an array, of which only offset and size can be asked.
    case notForElements(CORERelocationKind)
    /// A bit-field that does not lie within 64 bits that can be read at once.
    case wideBitField
    /// Several of the kernel's types match, and the field is not at the same place in all of them.
    case offsetAmbiguity([String])
    /// Several of the kernel's types match, and lead to different values.
    case valueAmbiguity([String])

    /// The instruction does not hold the value that the object's own types lead to.
    case unexpectedValue(found: Int64, expected: UInt64)
    /// An offset that an instruction can't hold: more than 32767.
    case offsetTooLarge(UInt64)
    /// The instruction reads or writes another size than the field has.
    case unexpectedSize(found: UInt32, expected: UInt32)
    /// The kernel's field has a size that no instruction reads or writes.
    case impossibleSize(UInt32)
    /// An instruction that can't be relocated.
    case unexpectedInstruction(code: UInt8)

    /// What libbpf returns for it, positive.
    public var errno: Int32 {
        switch self {
        case .anonymousType, .unknownKind, .noSuchType, .malformedAccess, .malformedTypes, .notForElements,
            .offsetAmbiguity, .valueAmbiguity, .unexpectedValue, .unexpectedSize, .impossibleSize,
            .unexpectedInstruction:
            22  // EINVAL
        case .tooDeep, .wideBitField: 7  // E2BIG
        case .offsetTooLarge: 34  // ERANGE
        }
    }

    public var description: String {
        switch self {
        case .unknownKind(let number): "a relocation of kind \(number), which libbpf 1.7 does not know"
        case .noSuchType(let id): "the object has no type \(id)"
        case .malformedAccess(let access): "'\(access)' does not lead through the object's types"
        case .malformedTypes: "types that refer to what is not there"
        case .tooDeep: "more than 64 steps deep"
        case .anonymousType: "a type without a name can't be looked for in a kernel"
        case .notForElements(let kind): "\(kind.word) can't be asked of an element of an array"
        case .wideBitField: "a bit-field that can't be read in 64 bits"
        case .offsetAmbiguity(let candidates):
            "ambiguous: the kernel has several such types, with the field at different offsets: "
                + candidates.joined(separator: ", ")
        case .valueAmbiguity(let candidates):
            "ambiguous: the kernel has several such types, which lead to different values: "
                + candidates.joined(separator: ", ")
        case .unexpectedValue(let found, let expected):
            "the instruction holds \(found), and the object's own types lead to \(expected)"
        case .offsetTooLarge(let value): "the offset \(value) is more than an instruction can hold (32767)"
        case .unexpectedSize(let found, let expected):
            "the instruction takes \(found) bytes, and the object's own field has \(expected)"
        case .impossibleSize(let size): "the kernel's field has \(size) bytes, which no instruction takes at once"
        case .unexpectedInstruction(let code):
            "the instruction can't be relocated (opcode 0x\(String(code, radix: 16)))"
        }
    }
}
