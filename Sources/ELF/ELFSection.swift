// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// One entry of the section header table.
public struct ELFSection: Sendable, Hashable {
    /// `SHT_PROGBITS`: code or data.
    public static let programBits: UInt32 = 1
    /// `SHT_SYMTAB`: a symbol table.
    public static let symbolTable: UInt32 = 2
    /// `SHT_NOBITS`: takes no space in the file.
    public static let noBits: UInt32 = 8
    /// `SHF_EXECINSTR`: the section holds instructions.
    public static let executable: UInt64 = 4

    /// Position in the section header table; 0 is the reserved null section.
    public let index: Int
    public let name: String
    /// `sh_type`.
    public let type: UInt32
    /// `sh_flags`.
    public let flags: UInt64
    /// Where its bytes begin in the file.
    public let offset: Int
    /// How many bytes it has.
    public let size: Int
    /// `sh_link`: for a symbol table, the index of its string table.
    public let link: Int
    /// `sh_info`.
    public let info: Int
    /// `sh_entsize`: bytes of one entry, 0 where the section is no table.
    public let entrySize: Int

    public var isExecutable: Bool { flags & Self.executable != 0 }

    /// Reads the whole table and resolves the names.
    static func table(of header: ELFHeader, in bytes: ArraySlice<UInt8>) throws(ELFError) -> [ELFSection] {
        guard header.sectionTableOffset != 0 else { return [] }
        guard header.sectionCount != 0 else {
            // With extended numbering the table's first entry has the number; else there is no table.
            if hasExtendedCount(header, in: bytes) { throw .extendedNumbering }
            return []
        }
        // `SHN_XINDEX`
        guard header.sectionNameIndex != 0xffff else { throw .extendedNumbering }
        guard header.sectionEntrySize == (header.is64Bit ? 64 : 40) else {
            throw .wrongEntrySize(header.sectionEntrySize)
        }
        var names = ELFNames([])
        var sections: [ELFSection] = []
        do throws(ByteReaderError) {
            var unnamed: [(nameOffset: Int, section: ELFSection)] = []
            for index in 0..<header.sectionCount {
                var reader = ByteReader(bytes, order: header.byteOrder)
                try reader.seek(to: header.sectionTableOffset + index * header.sectionEntrySize)
                unnamed.append(try entry(index, from: &reader, is64Bit: header.is64Bit))
            }
            guard header.sectionNameIndex < unnamed.count else { return unnamed.map(\.section) }
            let strings = unnamed[header.sectionNameIndex].section
            guard strings.type != noBits else { return unnamed.map(\.section) }
            var reader = ByteReader(bytes, order: header.byteOrder)
            try reader.seek(to: strings.offset)
            names = ELFNames(try reader.bytes(strings.size))
            sections.reserveCapacity(unnamed.count)
            for (nameOffset, section) in unnamed { sections.append(section.named(try names.name(at: nameOffset))) }
        } catch {
            throw .truncated(what: "section table", error)
        }
        guard names.isWithinBudget else { throw .namesTooLong }
        return sections
    }

    private static func hasExtendedCount(_ header: ELFHeader, in bytes: ArraySlice<UInt8>) -> Bool {
        var reader = ByteReader(bytes, order: header.byteOrder)
        do throws(ByteReaderError) {
            try reader.seek(to: header.sectionTableOffset)
            return try entry(0, from: &reader, is64Bit: header.is64Bit).section.size > 0
        } catch {
            return false
        }
    }

    private static func entry(
        _ index: Int,
        from reader: inout ByteReader,
        is64Bit: Bool
    ) throws(ByteReaderError) -> (nameOffset: Int, section: ELFSection) {
        let nameOffset = Int(try reader.integer(UInt32.self))
        let type = try reader.integer(UInt32.self)
        let flags = is64Bit ? try reader.integer(UInt64.self) : UInt64(try reader.integer(UInt32.self))
        // sh_addr
        _ = try reader.word(is64Bit)
        let offset = try reader.word(is64Bit)
        let size = try reader.word(is64Bit)
        let link = Int(try reader.integer(UInt32.self))
        let info = Int(try reader.integer(UInt32.self))
        // sh_addralign
        _ = try reader.word(is64Bit)
        let entrySize = try reader.word(is64Bit)
        let section = ELFSection(
            index: index,
            name: "",
            type: type,
            flags: flags,
            offset: offset,
            size: size,
            link: link,
            info: info,
            entrySize: entrySize
        )
        return (nameOffset, section)
    }

    private func named(_ name: String) -> ELFSection {
        ELFSection(
            index: index,
            name: name,
            type: type,
            flags: flags,
            offset: offset,
            size: size,
            link: link,
            info: info,
            entrySize: entrySize
        )
    }
}
