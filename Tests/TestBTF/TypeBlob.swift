// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader

/// Raw BTF of a few types, put together by hand (Documentation/bpf/btf.rst).
public struct TypeBlob {
    public var byteOrder: ByteOrder
    private var types: [UInt8] = []
    private var strings: [UInt8]
    private let firstString: UInt32
    private var lastID: UInt32

    public init(_ byteOrder: ByteOrder = .littleEndian) {
        self.byteOrder = byteOrder
        strings = [0]
        firstString = 0
        lastID = 0
    }

    /// Goes on from another blob, as a module's types do from the kernel's.
    public init(after base: TypeBlob) {
        byteOrder = base.byteOrder
        strings = []
        firstString = base.firstString + UInt32(base.strings.count)
        lastID = base.lastID
    }

    public struct Member {
        let name: String
        let type: UInt32
        let bits: UInt32
        let size: UInt32

        /// A member at a byte.
        public init(_ name: String, _ type: UInt32, at byte: UInt32) {
            (self.name, self.type, bits, size) = (name, type, 8 * byte, 0)
        }

        /// A bit-field.
        public init(_ name: String, _ type: UInt32, atBit bit: UInt32, size: UInt32) {
            (self.name, self.type, bits, self.size) = (name, type, bit, size)
        }
    }

    /// Adds a name; the empty one is always there.
    public mutating func string(_ text: String) -> UInt32 {
        if text.isEmpty { return 0 }
        defer { strings += Array(text.utf8) + [0] }
        return firstString + UInt32(strings.count)
    }

    /// Any type, by its numbers.
    @discardableResult
    public mutating func add(
        kind: UInt32,
        _ name: String = "",
        length: Int = 0,
        flag: Bool = false,
        sizeOrType: UInt32 = 0,
        tail: [UInt32] = []
    ) -> UInt32 {
        let name = string(name)
        types += words([name, (flag ? 1 << 31 : 0) | kind << 24 | UInt32(length), sizeOrType] + tail)
        lastID += 1
        return lastID
    }

    public mutating func integer(_ name: String, size: UInt32, isSigned: Bool = false) -> UInt32 {
        add(kind: 1, name, sizeOrType: size, tail: [(isSigned ? 1 << 24 : 0) | 8 * size])
    }

    public mutating func pointer(to target: UInt32) -> UInt32 { add(kind: 2, sizeOrType: target) }

    public mutating func array(of element: UInt32, _ count: UInt32, index: UInt32 = 1) -> UInt32 {
        add(kind: 3, tail: [element, index, count])
    }

    public mutating func structure(
        _ name: String,
        size: UInt32,
        _ members: [Member],
        isUnion: Bool = false
    ) -> UInt32 {
        let hasBitFields = members.contains { $0.size > 0 }
        var tail: [UInt32] = []
        for member in members {
            tail += [string(member.name), member.type, hasBitFields ? member.size << 24 | member.bits : member.bits]
        }
        return add(
            kind: isUnion ? 5 : 4,
            name,
            length: members.count,
            flag: hasBitFields,
            sizeOrType: size,
            tail: tail
        )
    }

    public mutating func enumeration(
        _ name: String,
        _ values: [(name: String, value: Int64)],
        size: UInt32 = 4,
        isSigned: Bool = false,
        is64Bit: Bool = false
    ) -> UInt32 {
        var tail: [UInt32] = []
        for value in values {
            let bits = UInt64(bitPattern: value.value)
            tail += [string(value.name), UInt32(truncatingIfNeeded: bits)]
            if is64Bit { tail.append(UInt32(bits >> 32)) }
        }
        return add(
            kind: is64Bit ? 19 : 6,
            name,
            length: values.count,
            flag: isSigned,
            sizeOrType: size,
            tail: tail
        )
    }

    public mutating func forward(_ name: String, isUnion: Bool = false) -> UInt32 {
        add(kind: 7, name, flag: isUnion)
    }

    public mutating func typedef(_ name: String, _ target: UInt32) -> UInt32 {
        add(kind: 8, name, sizeOrType: target)
    }

    public mutating func const(_ target: UInt32) -> UInt32 { add(kind: 10, sizeOrType: target) }

    public mutating func prototype(returning result: UInt32, _ parameters: [(name: String, type: UInt32)]) -> UInt32 {
        var tail: [UInt32] = []
        for parameter in parameters { tail += [string(parameter.name), parameter.type] }
        return add(kind: 13, length: parameters.count, sizeOrType: result, tail: tail)
    }

    public mutating func function(_ name: String, _ prototype: UInt32, linkage: Int = 1) -> UInt32 {
        add(kind: 12, name, length: linkage, sizeOrType: prototype)
    }

    public var bytes: [UInt8] {
        let magic: [UInt8] = byteOrder == .littleEndian ? [0x9f, 0xeb] : [0xeb, 0x9f]
        let sizes = words([24, 0, UInt32(types.count), UInt32(types.count), UInt32(strings.count)])
        return magic + [1, 0] + sizes + types + strings
    }

    /// The same bytes, read.
    public func read(after base: BTFTypes? = nil, indexed: Bool = true) throws -> BTFTypes {
        try BTFTypes(bytes, base: base, indexed: indexed)
    }

    /// Numbers of 32 bits in the blob's byte order.
    public func words(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in
            withUnsafeBytes(of: byteOrder == .littleEndian ? word.littleEndian : word.bigEndian, Array.init)
        }
    }
}
