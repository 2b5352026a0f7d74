// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// The names in a table of strings, each made into a `String` once, however many sections or symbols have it.
///
/// A name can begin anywhere in the table, so the names of a small table can be long together: one that ends in 4000 letters has
/// 4000 names of 2000 letters. What is kept is bounded by a multiple of the table.
struct ELFNames {
    private let bytes: ArraySlice<UInt8>
    private var known: [Int: String] = [:]
    /// Bytes that names may still have.
    private var budget: Int

    /// Linkers let a name be the end of another, which makes the names twice as long as the table at most.
    private static let mostOverlap = 8

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        budget = Self.mostOverlap * bytes.count
    }

    /// Where it does not hold, names beyond the budget are empty.
    var isWithinBudget: Bool { budget >= 0 }

    mutating func name(at offset: Int) throws(ByteReaderError) -> String {
        if let name = known[offset] { return name }
        var reader = ByteReader(bytes)
        try reader.seek(to: offset)
        guard budget >= 0 else { return "" }
        let name = try reader.zeroTerminatedString()
        budget -= name.utf8.count
        known[offset] = name
        return name
    }
}
