// SPDX-License-Identifier: Apache-2.0

/// Types by their names without flavours: one chain for each remainder of the name's hash, in the order of the types' numbers.
struct NameIndex: Sendable {
    /// Where each chain begins: 1 + position of a type, 0 where it is empty.
    private let heads: [UInt32]
    /// The same for what follows each type.
    private let next: [UInt32]

    /// Another one each time, so that nobody can make up names that all have the same.
    private static let seed = UInt64.random(in: .min ... .max)

    init(
        offsets: [UInt32],
        firstID: UInt32,
        _ bytes: BTFBytes,
        _ header: BTFHeader,
        firstString: Int,
        base: BTFStorage?
    ) {
        var size = 16
        while size < offsets.count { size *= 2 }
        let mask = UInt64(size - 1)
        var heads = [UInt32](repeating: 0, count: size)
        var next = [UInt32](repeating: 0, count: offsets.count)
        // Backwards, so that chains are in order.
        for position in stride(from: offsets.count - 1, through: 0, by: -1) {
            let stored = bytes.word(at: Int(offsets[position]))
            let number = Int(header.isSwapped ? stored.byteSwapped : stored)
            guard number != 0 else { continue }
            let hash: UInt64
            if number >= firstString {
                let start = header.strings.lowerBound + number - firstString
                hash = bytes.withBytes(start..<max(start, header.strings.upperBound)) { Self.hash($0) }
            } else {
                guard let base, let (storage, offset) = base.place(ofString: UInt32(number)) else { continue }
                hash = storage.bytes.withBytes(offset..<storage.strings.upperBound) { Self.hash($0) }
            }
            let slot = Int(hash & mask)
            next[position] = heads[slot]
            heads[slot] = UInt32(position + 1)
        }
        self.heads = heads
        self.next = next
    }

    /// The positions of types whose names may be the one, ascending, until the body says that it has enough.
    func forEach(hash: UInt64, _ body: (Int) -> Bool) {
        var link = heads[Int(hash & UInt64(heads.count - 1))]
        while link != 0 {
            let position = Int(link - 1)
            guard body(position) else { return }
            link = next[position]
        }
    }

    /// Longer names are told apart by more than their hash: no kernel takes them, and any number of types can have the same.
    private static let longestHashed = 512

    /// Of the essential part of the name that the bytes begin with, which ends at a zero byte or with them.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        // FNV-1a, with the value at the last flavour's separator remembered: EssentialName in the same pass.
        var hash = seed
        var essential: UInt64?
        var beforeUnderscores = hash
        var underscores = 0
        var index = 0
        while index < min(bytes.count, longestHashed) {
            let byte = bytes[index]
            if byte == 0 { break }
            if byte == UInt8(ascii: "_") {
                if underscores == 0 { beforeUnderscores = hash }
                underscores += 1
            } else {
                if underscores == 3 && index > 3 { essential = beforeUnderscores }
                underscores = 0
            }
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            index += 1
        }
        let result = essential ?? hash
        return result ^ result >> 32
    }
}
