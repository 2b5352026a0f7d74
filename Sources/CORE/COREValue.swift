// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader

/// What a relocation comes to: the value that goes into the instruction, and what must hold of the instruction
/// (`struct bpf_core_relo_res` in libbpf's relo_core.h).
public struct COREValue: Sendable, Hashable {
    /// By the kernel's types. An existence is 1 or 0; a value below zero is the number that is stored for it.
    public let value: UInt64
    /// By the object's own types: what the compiler has put into the instruction.
    public let localValue: UInt64
    /// The instruction must hold `localValue`. It need not for bit-fields, where compilers may differ, and for the numbers of
    /// types, which change when objects are linked.
    public let isValidated: Bool
    /// Bytes of the field in the object and in the kernel, where an instruction that reads or writes it is adjusted to
    /// them; 0 where none is.
    public let localSize: UInt32
    public let size: UInt32
    /// The sizes differ, and adjusting an instruction would change what is read: such a one is replaced by one that
    /// the verifier refuses.
    public let isUnsafeToResize: Bool
}

/// One side's part of it (`bpf_core_calc_field_relo` and its like in relo_core.c).
struct SideValue {
    var value: UInt64
    var isValidated = true
    var size: UInt32 = 0
    /// The type that the size is of, where one was needed.
    var type: UInt32 = 0

    init(_ specification: CORESpecification) throws(CORERefusal) {
        switch specification.kind.subject {
        case .field: self = try Self.field(specification)
        case .type: self = try Self.type(specification)
        case .enumerator: self = try Self.enumerator(specification)
        }
    }

    init(_ value: UInt64, isValidated: Bool = true) {
        self.value = value
        self.isValidated = isValidated
    }

    private static func type(_ specification: CORESpecification) throws(CORERefusal) -> SideValue {
        switch specification.kind {
        case .typeIDLocal, .typeIDTarget: return SideValue(UInt64(specification.root), isValidated: false)
        case .typeSize:
            guard let size = specification.types.size(of: specification.root) else { throw .malformedTypes }
            return SideValue(UInt64(size))
        default: return SideValue(1)
        }
    }

    private static func enumerator(_ specification: CORESpecification) throws(CORERefusal) -> SideValue {
        guard specification.kind == .enumeratorValue else { return SideValue(1) }
        guard let accessor = specification.accessors.first,
            let enumerator = specification.types.type(accessor.type)?.enumerator(accessor.index)
        else { throw .malformedTypes }
        return SideValue(enumerator.value)
    }

    private static func field(_ specification: CORESpecification) throws(CORERefusal) -> SideValue {
        if specification.kind == .fieldExists { return SideValue(1) }
        guard let last = specification.accessors.last else { throw .malformedTypes }
        guard last.name != nil else { return try element(last, specification) }
        guard let member = specification.types.type(last.type)?.member(last.index),
            let type = specification.types.resolved(member.type)
        else { throw .malformedTypes }
        let place = try FieldPlace(member, of: type, in: specification)
        switch specification.kind {
        case .fieldByteOffset:
            var side = SideValue(UInt64(place.byteOffset), isValidated: !place.isBitField)
            if !place.isBitField {
                side.size = try elementSize(type.id, specification.types)
                side.type = type.id
            }
            return side
        case .fieldByteSize: return SideValue(UInt64(place.byteSize), isValidated: !place.isBitField)
        case .fieldSigned:
            let isSigned = type.kind.isEnumeration ? type.kindFlag : type.integer?.isSigned ?? false
            return SideValue(isSigned ? 1 : 0)
        case .fieldLeftShift:
            return SideValue(
                UInt64(place.leftShift(specification.types.byteOrder)),
                isValidated: !place.isBitField
            )
        case .fieldRightShift: return SideValue(UInt64(64 &- place.bitSize))
        default: throw .malformedTypes
        }
    }

    /// An element of an array, or what the root points to.
    private static func element(
        _ accessor: CORESpecification.Accessor,
        _ specification: CORESpecification
    ) throws(CORERefusal) -> SideValue {
        switch specification.kind {
        case .fieldByteOffset:
            var side = SideValue(UInt64(specification.bitOffset / 8))
            side.size = try elementSize(accessor.type, specification.types)
            side.type = accessor.type
            return side
        case .fieldByteSize:
            guard let size = specification.types.size(of: accessor.type) else { throw .malformedTypes }
            return SideValue(UInt64(size))
        default: throw .notForElements(specification.kind)
        }
    }

    /// Of an array the elements are read, however many dimensions it has.
    private static func elementSize(_ id: UInt32, _ types: BTFTypes) throws(CORERefusal) -> UInt32 {
        var next = id
        // As deep as a size is looked for.
        for _ in 0..<Matcher.deepest {
            guard let type = types.resolved(next) else { throw .malformedTypes }
            guard let array = type.array else {
                guard let size = types.size(of: type.id) else { throw .malformedTypes }
                return size
            }
            next = array.element
        }
        throw .malformedTypes
    }
}

/// The bytes that must be read to have a field, and where in them it is.
private struct FieldPlace {
    let byteOffset: UInt32
    let byteSize: UInt32
    let bitOffset: UInt32
    let bitSize: UInt32
    let isBitField: Bool

    init(_ member: BTFMember, of type: BTFType, in specification: CORESpecification) throws(CORERefusal) {
        bitOffset = specification.bitOffset
        isBitField = member.bitFieldSize > 0
        guard isBitField else {
            guard let size = specification.types.size(of: type.id) else { throw .malformedTypes }
            byteSize = size
            byteOffset = bitOffset / 8
            bitSize = size &* 8
            return
        }
        bitSize = member.bitFieldSize
        // The smallest integer that has it whole, starting with the one that it was declared with.
        guard var size = type.ownSize, size > 0 else { throw .malformedTypes }
        var offset = bitOffset / 8 / size * size
        while bitOffset &+ bitSize &- offset &* 8 > size &* 8 {
            guard size < 8 else { throw .wideBitField }
            size *= 2
            offset = bitOffset / 8 / size * size
        }
        byteSize = size
        byteOffset = offset
    }

    /// In 32 bits, as libbpf computes it: a field that is larger than 64 bits has no sensible shift.
    func leftShift(_ order: ByteOrder) -> UInt32 {
        switch order {
        case .littleEndian: 64 &- (bitOffset &+ bitSize &- byteOffset &* 8)
        case .bigEndian: (8 &- byteSize) &* 8 &+ (bitOffset &- byteOffset &* 8)
        }
    }
}

extension COREValue {
    /// - Parameter target: nil where the kernel does not have it, and 0 stands for that.
    init(local: CORESpecification, target: CORESpecification?) throws(CORERefusal) {
        let one = try SideValue(local)
        let other = try target.map { specification throws(CORERefusal) in try SideValue(specification) }
        value = other?.value ?? 0
        localValue = one.value
        isValidated = one.isValidated
        localSize = one.size
        size = other?.size ?? 0
        guard let other, let target, one.size != other.size else {
            isUnsafeToResize = false
            return
        }
        // Pointers of 32 bits and unsigned integers are read whole whatever their size: the rest is zero.
        let (type, otherType) = (local.types.type(one.type), target.types.type(other.type))
        let arePointers = type?.kind == .pointer && otherType?.kind == .pointer
        let areUnsigned =
            type?.integer.map { $0.encoding != 1 } == true && otherType?.integer.map { $0.encoding != 1 } == true
        isUnsafeToResize = !(arePointers || areUnsigned)
    }
}
