// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// Why bytes are not an ELF file that can be read. Rules: System V gABI, chapters 4 and 5; `man 5 elf`.
public enum ELFError: Error, Hashable, CustomStringConvertible {
    /// The first four bytes are not `7f 45 4c 46`.
    case notELF
    /// The identification bytes name a class or a data encoding that the specification does not know.
    case unknownFormat(class: UInt8, data: UInt8)
    /// The entries of the section table are not of the size that the class demands (`e_shentsize`).
    case wrongEntrySize(Int)
    /// A relocation section whose entries are not of the size that the class demands (`sh_entsize`).
    case wrongRelocationSize(section: String, Int)
    /// More sections than the header can count: their number stands elsewhere, and no BPF object has as many.
    case extendedNumbering
    /// Sections have the same bytes of the file over and over.
    case overlappingSections
    /// Sections or symbols name the same bytes over and over, each time from another place: all names together have many times
    /// as many bytes as the file has for them, which no compiler makes.
    case namesTooLong
    /// A header, table, section or string reaches beyond the end of the file.
    case truncated(what: String, ByteReaderError)

    public var description: String {
        switch self {
        case .notELF: "not an ELF file"
        case .unknownFormat(let fileClass, let data): "unknown ELF format (class \(fileClass), data \(data))"
        case .wrongEntrySize(let size): "ELF file with section headers of \(size) bytes, which no class has"
        case .wrongRelocationSize(let section, let size):
            "ELF file with relocations of \(size) bytes in section '\(section)', which no class has"
        case .extendedNumbering:
            "ELF file with more sections than its header can count (extended section numbering), which is not read"
        case .overlappingSections:
            "ELF file whose sections overlap: together they are several times as long as the file"
        case .namesTooLong: "ELF file whose names overlap: together they are many times as long as its table of strings"
        case .truncated(let what, let error): "truncated ELF file: \(what) \(error)"
        }
    }
}

/// An ELF file's header and section table, read from bytes.
///
/// Only what this project needs is read: sections, symbols and notes about the machine; program headers are not.
public struct ELFFile: Sendable {
    /// Kind of file (`e_type`).
    public enum Kind: UInt16, Sendable {
        case relocatable = 1
        case executable = 2
        case sharedObject = 3
    }

    /// `e_machine` of a BPF object (`EM_BPF` in linux/elf-em.h).
    public static let bpfMachine: UInt16 = 247

    /// The `7f 45 4c 46` that every ELF file begins with.
    public static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]

    public let is64Bit: Bool
    public let byteOrder: ByteOrder
    /// `e_type`; nil where it is none of the kinds that matter here (a core dump, for instance).
    public let kind: Kind?
    /// `e_machine`.
    public let machine: UInt16
    public let sections: [ELFSection]

    /// How many bytes of the input belong to this file: the furthest end of a header, a table or a section.
    /// Less than the input where something follows, as it does for an object embedded in another file.
    public let extent: Int

    private let bytes: ArraySlice<UInt8>
    /// Relocation sections by the section that they are for, both by their index.
    let relocationSections: [Int: [Int]]

    /// Reads the header and the section table; the contents of sections are read on demand.
    public init(_ bytes: ArraySlice<UInt8>) throws(ELFError) {
        let header = try ELFHeader(bytes)
        self.bytes = bytes
        is64Bit = header.is64Bit
        byteOrder = header.byteOrder
        kind = Kind(rawValue: header.type)
        machine = header.machine
        sections = try ELFSection.table(of: header, in: bytes)
        let sectionEnds = sections.lazy.filter { $0.type != ELFSection.noBits }.map { $0.offset + $0.size }
        let tableEnd = sections.isEmpty ? 0 : header.sectionTableOffset + sections.count * header.sectionEntrySize
        var relocationSections: [Int: [Int]] = [:]
        for section in sections where section.type == Self.relocationType {
            relocationSections[section.info, default: []].append(section.index)
        }
        self.relocationSections = relocationSections
        extent = max(header.size, tableEnd, sectionEnds.max() ?? 0)
    }

    public init(_ bytes: [UInt8]) throws(ELFError) {
        try self.init(bytes[...])
    }

    /// How many bytes the section table has that the header of `bytes` names, as far as they are there; 0 where there is no such
    /// header. Reading a file takes at least as long as going through them.
    public static func tableSize(in bytes: ArraySlice<UInt8>) -> Int {
        guard let header = try? ELFHeader(bytes) else { return 0 }
        let stated = header.sectionCount * header.sectionEntrySize
        return min(stated, max(0, bytes.count - header.sectionTableOffset))
    }

    public func section(named name: String) -> ELFSection? {
        sections.first { $0.name == name }
    }

    /// The bytes of a section; empty for one that occupies no space in the file (`SHT_NOBITS`).
    public func contents(of section: ELFSection) throws(ELFError) -> ArraySlice<UInt8> {
        guard section.type != ELFSection.noBits else { return [] }
        var reader = ByteReader(bytes, order: byteOrder)
        do throws(ByteReaderError) {
            try reader.seek(to: section.offset)
            return try reader.bytes(section.size)
        } catch {
            throw .truncated(what: "section '\(section.name)'", error)
        }
    }
}

/// The fields of the ELF header that lead to the sections.
struct ELFHeader {
    let is64Bit: Bool
    let byteOrder: ByteOrder
    let type: UInt16
    let machine: UInt16
    let size: Int
    let sectionTableOffset: Int
    let sectionEntrySize: Int
    let sectionCount: Int
    let sectionNameIndex: Int

    init(_ bytes: ArraySlice<UInt8>) throws(ELFError) {
        guard bytes.starts(with: ELFFile.magic) else { throw .notELF }
        let fileClass: UInt8
        let data: UInt8
        do throws(ByteReaderError) {
            var identification = ByteReader(bytes)
            try identification.seek(to: 4)
            fileClass = try identification.integer()
            data = try identification.integer()
        } catch {
            throw .truncated(what: "header", error)
        }
        guard (1...2).contains(fileClass), (1...2).contains(data) else {
            throw .unknownFormat(class: fileClass, data: data)
        }
        is64Bit = fileClass == 2
        byteOrder = data == 1 ? .littleEndian : .bigEndian
        size = is64Bit ? 64 : 52
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes, order: byteOrder)
            try reader.seek(to: 16)
            type = try reader.integer()
            machine = try reader.integer()
            // e_version, e_entry, e_phoff
            _ = try reader.bytes(is64Bit ? 20 : 12)
            sectionTableOffset = try reader.word(is64Bit)
            // e_flags, e_ehsize, e_phentsize, e_phnum
            _ = try reader.bytes(10)
            sectionEntrySize = Int(try reader.integer(UInt16.self))
            sectionCount = Int(try reader.integer(UInt16.self))
            sectionNameIndex = Int(try reader.integer(UInt16.self))
        } catch {
            throw .truncated(what: "header", error)
        }
    }
}

extension ByteReader {
    /// Larger than any file, small enough that a sum of a few cannot overflow.
    private static let wordLimit = 1 << 48

    /// An address, offset or size: 8 bytes in a 64-bit file, 4 in a 32-bit one. A value that no file can have is
    /// clamped, so that the bounds check that follows refuses it.
    mutating func word(_ is64Bit: Bool) throws(ByteReaderError) -> Int {
        is64Bit ? Int(min(try integer(UInt64.self), UInt64(Self.wordLimit))) : Int(try integer(UInt32.self))
    }
}
