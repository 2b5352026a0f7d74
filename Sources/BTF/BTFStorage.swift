// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// One blob, read once: where each type begins, and where the strings are.
///
/// Nothing of a type is kept but its place: a kernel has 150 000 of them, and few are ever asked for.
final class BTFStorage: Sendable {
    let bytes: BTFBytes
    let byteOrder: ByteOrder
    /// Numbers are stored in the other order than this machine's.
    let isSwapped: Bool
    /// What the numbers and strings of this blob go on from.
    let base: BTFStorage?
    /// The number of its first type: 1, or one more than the last of the base.
    let firstID: UInt32
    /// Where each of its types begins among the bytes.
    let offsets: [UInt32]
    /// Where its strings are among the bytes.
    let strings: Range<Int>
    /// What its first string counts as: 0, or as many bytes as the base has of them.
    let firstString: Int
    let index: NameIndex?

    /// `BTF_MAGIC`
    static let magic: UInt16 = 0xeb9f
    /// Bytes of `struct btf_header` as it has always been; a longer one has more at its end.
    static let headerSize = 24
    /// A kernel's takes 3 to 10 MB; offsets of 32 bits are enough for all that is let in.
    private static let mostBytes = 1 << 30

    init(_ bytes: BTFBytes, base: BTFStorage?, indexed: Bool) throws(BTFError) {
        guard bytes.count <= Self.mostBytes else { throw .tooLarge(bytes: bytes.count) }
        let header = try BTFHeader(bytes)
        self.bytes = bytes
        self.base = base
        byteOrder = header.byteOrder
        isSwapped = header.isSwapped
        strings = header.strings
        firstString = base.map { $0.firstString + $0.strings.count } ?? 0
        firstID = base?.endID ?? 1
        try Self.check(strings, in: bytes, isSplit: base != nil)
        offsets = try Self.offsets(in: header.types, of: bytes, isSwapped: header.isSwapped, firstID: firstID)
        index =
            indexed
            ? NameIndex(offsets: offsets, firstID: firstID, bytes, header, firstString: firstString, base: base) : nil
    }

    /// One more than the number of the last type.
    var endID: UInt32 { firstID + UInt32(offsets.count) }

    @inline(__always)
    func word(at offset: Int) -> UInt32 {
        let word = bytes.word(at: offset)
        return isSwapped ? word.byteSwapped : word
    }

    /// Where a string of that number is, and in which blob; nil where there is none.
    @inline(__always)
    func place(ofString number: UInt32) -> (storage: BTFStorage, offset: Int)? {
        var storage = self
        while Int(number) < storage.firstString {
            guard let base = storage.base else { return nil }
            storage = base
        }
        let offset = Int(number) - storage.firstString
        guard offset < storage.strings.count else { return nil }
        return (storage, storage.strings.lowerBound + offset)
    }

    /// Where the name that begins at `offset` among the bytes ends at the latest.
    @inline(__always)
    func endOfName(from offset: Int) -> Int { max(offset, min(strings.upperBound, offset + BTFName.longest)) }

    @inline(__always)
    func type(_ id: UInt32) -> BTFType? {
        guard id != 0 else { return BTFType(voidOf: self) }
        var storage = self
        while id < storage.firstID {
            guard let base = storage.base else { return nil }
            storage = base
        }
        let position = Int(id - storage.firstID)
        guard position < storage.offsets.count else { return nil }
        return BTFType(id, at: Int(storage.offsets[position]), in: storage)
    }

    /// A blob without a base begins with the empty string; every last string has an end.
    private static func check(_ strings: Range<Int>, in bytes: BTFBytes, isSplit: Bool) throws(BTFError) {
        if isSplit && strings.isEmpty { return }
        let isSound = !strings.isEmpty && bytes.byte(at: strings.upperBound - 1) == 0
        guard isSound, isSplit || bytes.byte(at: strings.lowerBound) == 0 else { throw .unterminatedStrings }
    }

    /// The one pass over all types.
    private static func offsets(
        in types: Range<Int>,
        of bytes: BTFBytes,
        isSwapped: Bool,
        firstID: UInt32
    ) throws(BTFError) -> [UInt32] {
        var offsets: [UInt32] = []
        // A type takes 20 bytes or so on average.
        offsets.reserveCapacity(types.count / 20)
        var offset = types.lowerBound
        while offset < types.upperBound {
            let stored = bytes.word(at: offset + 4)
            let information = isSwapped ? stored.byteSwapped : stored
            let id = firstID + UInt32(offsets.count)
            let number = UInt8(information >> 24 & 0x7f)
            guard let kind = BTFKind(rawValue: number), kind != .void else { throw .unknownKind(number, id: id) }
            let end = offset + 12 + kind.bytesBehind(BTFType.length(information))
            guard end <= types.upperBound else { throw .cutType(id: id) }
            offsets.append(UInt32(offset))
            offset = end
        }
        return offsets
    }
}

/// The beginning of a blob, checked as libbpf does (`btf_parse_hdr` in btf.c).
struct BTFHeader {
    let byteOrder: ByteOrder
    let isSwapped: Bool
    /// Where the parts are, counted from the blob's first byte.
    let types: Range<Int>
    let strings: Range<Int>

    init(_ bytes: BTFBytes) throws(BTFError) {
        guard bytes.count >= BTFStorage.headerSize else {
            throw bytes.count >= 2 && Self.order(bytes) == nil
                ? .notBTF : .outOfBounds(part: .header, offset: 0, size: BTFStorage.headerSize, end: bytes.count)
        }
        guard let byteOrder = Self.order(bytes) else { throw .notBTF }
        let isSwapped = byteOrder != .native
        guard bytes.byte(at: 2) == 1 else { throw .unknownVersion(bytes.byte(at: 2)) }
        func word(_ offset: Int) -> Int {
            let word = bytes.word(at: offset)
            return Int(isSwapped ? word.byteSwapped : word)
        }
        let size = word(4)
        guard size >= BTFStorage.headerSize, size <= bytes.count else {
            throw .outOfBounds(part: .header, offset: 0, size: size, end: bytes.count)
        }
        let (typeOffset, typeSize, stringOffset, stringSize) = (word(8), word(12), word(16), word(20))
        guard size + stringOffset + stringSize <= bytes.count else {
            throw .outOfBounds(part: .strings, offset: size + stringOffset, size: stringSize, end: bytes.count)
        }
        guard typeOffset % 4 == 0, typeOffset + typeSize <= stringOffset else {
            throw .misplaced(part: .types, offset: size + typeOffset)
        }
        self.byteOrder = byteOrder
        self.isSwapped = isSwapped
        types = (size + typeOffset)..<(size + typeOffset + typeSize)
        strings = (size + stringOffset)..<(size + stringOffset + stringSize)
    }

    /// By the two bytes of `BTF_MAGIC`, which .BTF.ext begins with too.
    static func order(_ bytes: BTFBytes) -> ByteOrder? {
        switch (bytes.byte(at: 0), bytes.byte(at: 1)) {
        case (0x9f, 0xeb): .littleEndian
        case (0xeb, 0x9f): .bigEndian
        default: nil
        }
    }
}

extension ByteOrder {
    /// This machine's.
    static var native: ByteOrder { 1.littleEndian == 1 ? .littleEndian : .bigEndian }
}
