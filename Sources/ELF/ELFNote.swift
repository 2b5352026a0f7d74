// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// A note: what a file says of itself to whoever loads it (System V gABI, chapter 5, "Note Section").
public struct ELFNote: Sendable, Hashable {
    /// Whose notes these are: the type means something only together with it.
    public let owner: String
    public let type: UInt32
    public let descriptor: [UInt8]
}

extension ELFFile {
    /// `SHT_NOTE`.
    private static let noteSection: UInt32 = 7

    /// The notes of all sections that hold some.
    public var notes: [ELFNote] {
        get throws(ELFError) {
            var notes: [ELFNote] = []
            for section in sections where section.type == Self.noteSection {
                var reader = ByteReader(try contents(of: section), order: byteOrder)
                do throws(ByteReaderError) {
                    while !reader.isAtEnd { notes.append(try reader.note()) }
                } catch {
                    throw .truncated(what: "note in section '\(section.name)'", error)
                }
            }
            return notes
        }
    }
}

extension ByteReader {
    /// Name and descriptor are padded to four bytes each, but for a section's last ones, which need not be.
    fileprivate mutating func note() throws(ByteReaderError) -> ELFNote {
        let nameSize = Int(try integer(UInt32.self))
        let descriptorSize = Int(try integer(UInt32.self))
        let type = try integer(UInt32.self)
        let name = try padded(nameSize)
        let owner = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        return ELFNote(owner: owner, type: type, descriptor: Array(try padded(descriptorSize)))
    }

    private mutating func padded(_ count: Int) throws(ByteReaderError) -> ArraySlice<UInt8> {
        let content = try bytes(count)
        _ = try bytes(min((4 - count % 4) % 4, remaining))
        return content
    }
}
