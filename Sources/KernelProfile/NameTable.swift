// SPDX-License-Identifier: Apache-2.0

import ByteReader
import Foundation

/// Names, each with a number, in the form in which they are kept: found by binary search in the bytes as they were read, so
/// that a table of 60 000 names costs nothing before it is asked.
///
/// ```
///  0            u32             how many names there are: n
///  4            u32 × (n + 1)   where each begins in the names, and where the last one ends
///  8 + 4 n      u32 × n         their numbers
///  8 + 8 n                      the names, ascending by their bytes, each once, with nothing between them
/// ```
/// Little-endian.
struct NameTable: Sendable, Hashable {
    private let bytes: ArraySlice<UInt8>
    let count: Int

    init(_ entries: [String: UInt32]) {
        // Compared as bytes, which is not how Swift compares strings.
        let sorted = entries.map { (name: Array($0.key.utf8), number: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        var bytes: [UInt8] = []
        func add(_ number: Int) { withUnsafeBytes(of: UInt32(number).littleEndian) { bytes.append(contentsOf: $0) } }
        add(sorted.count)
        var end = 0
        add(0)
        for entry in sorted {
            end += entry.name.count
            add(end)
        }
        for entry in sorted { add(Int(entry.number)) }
        for entry in sorted { bytes.append(contentsOf: entry.name) }
        self.bytes = bytes[...]
        count = sorted.count
    }

    /// Reads a table that is all of `bytes`.
    init(reading bytes: ArraySlice<UInt8>) throws(KernelProfile.Refusal) {
        var reader = ByteReader(bytes)
        guard let stated = try? reader.integer(UInt32.self) else { throw .damaged("a table without a beginning") }
        // Each name takes eight bytes besides itself, and there is one offset more.
        guard bytes.count >= 8, Int(stated) <= (bytes.count - 8) / 8 else {
            throw .damaged("a table of \(stated) names does not fit")
        }
        self.bytes = bytes
        count = Int(stated)
        let sound = bytes.withUnsafeBytes { Self.isInOrder($0, count: Int(stated)) }
        guard sound else { throw .damaged("a table that is out of order") }
    }

    var contents: ArraySlice<UInt8> { bytes }

    /// The name's number; nil where the table does not have it.
    subscript(name: String) -> UInt32? {
        var name = name
        return name.withUTF8 { wanted in
            bytes.withUnsafeBytes { table in
                let wanted = UnsafeRawBufferPointer(wanted)
                var range = 0..<count
                while !range.isEmpty {
                    let middle = range.lowerBound + range.count / 2
                    let order = Self.compare(Self.name(middle, in: table, count: count), wanted)
                    if order == 0 { return Self.word(1 + count + 1 + middle, in: table) }
                    range = order < 0 ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
                }
                return nil
            }
        }
    }

    /// All of them, ascending.
    var names: [String] { entries.map(\.name) }

    var entries: [(name: String, number: UInt32)] {
        bytes.withUnsafeBytes { table in
            (0..<count).map { index in
                let name = String(decoding: Self.name(index, in: table, count: count), as: UTF8.self)
                return (name, Self.word(1 + count + 1 + index, in: table))
            }
        }
    }

    /// How many have a number of which this is true.
    func count(where isMeant: (UInt32) -> Bool) -> Int {
        bytes.withUnsafeBytes { table in
            (0..<count).count { isMeant(Self.word(1 + count + 1 + $0, in: table)) }
        }
    }

    // What follows trusts that offsets are in order and within the names, which `isInOrder` has found for bytes that were
    // read. A slice that is wrong traps, in release too.

    private static func word(_ index: Int, in table: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(littleEndian: table.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
    }

    private static func name(_ index: Int, in table: UnsafeRawBufferPointer, count: Int) -> UnsafeRawBufferPointer {
        let names = 8 + 8 * count
        let begin = names + Int(word(1 + index, in: table))
        let end = names + Int(word(2 + index, in: table))
        return UnsafeRawBufferPointer(rebasing: table[begin..<end])
    }

    /// Below, at or above zero, as memcmp(3); of two names that begin alike the shorter one is less.
    private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let common = min(left.count, right.count)
        if common > 0, let one = left.baseAddress, let other = right.baseAddress {
            let order = memcmp(one, other, common)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }

    private static func isInOrder(_ table: UnsafeRawBufferPointer, count: Int) -> Bool {
        let size = table.count - (8 + 8 * count)
        guard word(1, in: table) == 0, Int(word(1 + count, in: table)) == size else { return false }
        var begin = 0
        for index in 0..<count {
            let end = Int(word(2 + index, in: table))
            guard end >= begin, end <= size else { return false }
            begin = end
        }
        for index in 1..<max(1, count) {
            let isAscending =
                compare(name(index - 1, in: table, count: count), name(index, in: table, count: count)) < 0
            guard isAscending else { return false }
        }
        return true
    }
}
