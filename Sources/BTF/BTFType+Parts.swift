// SPDX-License-Identifier: Apache-2.0

/// A member of a struct or union.
public struct BTFMember: Sendable {
    /// Empty for an anonymous struct or union.
    public let name: BTFName
    public let type: UInt32
    /// From the beginning of the struct, in bits.
    public let bitOffset: UInt32
    /// Bits that a bit-field has; 0 for what is none.
    public let bitFieldSize: UInt32
}

/// A value of an enumeration.
public struct BTFEnumerator: Sendable {
    public let name: BTFName
    /// As libbpf has it: 32 bits are extended with their sign, whether the enumeration is signed or not.
    public let value: UInt64
    let isSigned: Bool
    let is64Bit: Bool

    /// The value as C would print it.
    public var valueText: String {
        switch (is64Bit, isSigned) {
        case (false, false): "\(UInt32(truncatingIfNeeded: value))"
        case (false, true), (true, true): "\(Int64(bitPattern: value))"
        case (true, false): "\(value)"
        }
    }
}

/// A parameter of a function.
public struct BTFParameter: Sendable {
    public let name: BTFName
    /// 0 for the `...` at the end of a list.
    public let type: UInt32
}

/// A variable in a section.
public struct BTFSectionVariable: Sendable {
    public let type: UInt32
    /// Bytes from the beginning of the section; the loader fills it in, and clang leaves 0.
    public let offset: UInt32
    public let size: UInt32
}

public struct BTFArray: Sendable {
    public let element: UInt32
    public let index: UInt32
    /// 0 for one of unknown length.
    public let count: UInt32
}

public struct BTFInteger: Sendable {
    public let isSigned: Bool
    public let isCharacter: Bool
    public let isBoolean: Bool
    /// The four bits that say so, as they are stored (`BTF_INT_ENCODING`).
    public let encoding: UInt8
    /// Bits from the beginning, which is how bit-fields once were described; 0 in all that is made today.
    public let bitOffset: UInt8
    public let bits: UInt8
}

/// How a function or variable can be seen from outside its object: `BTF_FUNC_…`, `BTF_VAR_…`.
public enum BTFLinkage: UInt32, Sendable, Hashable {
    case isStatic = 0
    case global = 1
    case external = 2
}

extension BTFType {
    /// Of a struct or union; nil for another kind, and for one that it does not have.
    @inline(__always)
    public func member(_ position: Int) -> BTFMember? {
        guard kind.isComposite, position >= 0, position < length else { return nil }
        let offset = partsOffset + 12 * position
        let place = storage.word(at: offset + 8)
        return BTFMember(
            name: BTFName(storage: storage, number: storage.word(at: offset)),
            type: storage.word(at: offset + 4),
            bitOffset: kindFlag ? place & 0xff_ffff : place,
            bitFieldSize: kindFlag ? place >> 24 : 0
        )
    }

    public var members: [BTFMember] {
        kind.isComposite ? (0..<length).compactMap { member($0) } : []
    }

    /// Of an enumeration, of 32 or 64 bits; nil for another kind, and for one that it does not have.
    public func enumerator(_ position: Int) -> BTFEnumerator? {
        guard kind.isEnumeration, position >= 0, position < length else { return nil }
        let is64Bit = kind == .enumeration64
        let offset = partsOffset + (is64Bit ? 12 : 8) * position
        let low = storage.word(at: offset + 4)
        let value =
            is64Bit
            ? UInt64(storage.word(at: offset + 8)) << 32 | UInt64(low)
            : UInt64(bitPattern: Int64(Int32(bitPattern: low)))
        let name = BTFName(storage: storage, number: storage.word(at: offset))
        return BTFEnumerator(name: name, value: value, isSigned: kindFlag, is64Bit: is64Bit)
    }

    public var enumerators: [BTFEnumerator] {
        kind.isEnumeration ? (0..<length).compactMap { enumerator($0) } : []
    }

    /// Of a function's prototype; what it returns is its `target`.
    public func parameter(_ position: Int) -> BTFParameter? {
        guard kind == .functionPrototype, position >= 0, position < length else { return nil }
        let offset = partsOffset + 8 * position
        let name = BTFName(storage: storage, number: storage.word(at: offset))
        return BTFParameter(name: name, type: storage.word(at: offset + 4))
    }

    public var parameters: [BTFParameter] {
        kind == .functionPrototype ? (0..<length).compactMap { parameter($0) } : []
    }

    /// Of a section.
    public func variable(_ position: Int) -> BTFSectionVariable? {
        guard kind == .dataSection, position >= 0, position < length else { return nil }
        let offset = partsOffset + 12 * position
        return BTFSectionVariable(
            type: storage.word(at: offset),
            offset: storage.word(at: offset + 4),
            size: storage.word(at: offset + 8)
        )
    }

    public var variables: [BTFSectionVariable] {
        kind == .dataSection ? (0..<length).compactMap { variable($0) } : []
    }

    /// nil for what is no array.
    public var array: BTFArray? {
        guard kind == .array else { return nil }
        return BTFArray(
            element: storage.word(at: partsOffset),
            index: storage.word(at: partsOffset + 4),
            count: storage.word(at: partsOffset + 8)
        )
    }

    /// nil for what is no integer.
    public var integer: BTFInteger? {
        guard kind == .integer else { return nil }
        let word = storage.word(at: partsOffset)
        let encoding = UInt8(word >> 24 & 0x0f)
        return BTFInteger(
            isSigned: encoding & 1 != 0,
            isCharacter: encoding & 2 != 0,
            isBoolean: encoding & 4 != 0,
            encoding: encoding,
            bitOffset: UInt8(word >> 16 & 0xff),
            bits: UInt8(word & 0xff)
        )
    }

    /// Of a function or variable; nil for another kind, and for a number that stands for none.
    public var linkage: BTFLinkage? {
        switch kind {
        case .function: BTFLinkage(rawValue: UInt32(length))
        case .variable: BTFLinkage(rawValue: storage.word(at: partsOffset))
        default: nil
        }
    }

    /// Which member or parameter of its target a declaration's tag is for; nil where it is for the whole, or it is no such tag.
    public var component: Int? {
        guard kind == .declarationTag else { return nil }
        let index = Int32(bitPattern: storage.word(at: partsOffset))
        return index < 0 ? nil : Int(index)
    }
}
