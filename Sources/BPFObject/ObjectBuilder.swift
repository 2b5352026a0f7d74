// SPDX-License-Identifier: Apache-2.0

import Instruction

/// Writes a BPF object file from instructions: what needs no compiler, such as the programs by which a guest proves
/// itself. Little-endian, without maps, relocations or BTF.
public struct ObjectBuilder: Sendable {
    private var programs: [(name: String, section: String, instructions: [BPFInstruction])] = []

    public init() {}

    /// Adds a program in a section of its own name and position.
    public mutating func add(_ name: String, section: String, _ instructions: [BPFInstruction]) {
        programs.append((name, section, instructions))
    }

    /// The object file's bytes.
    public func build() -> [UInt8] {
        var image = ELFImage()
        for program in programs {
            image.add(program.section, type: .bits, flags: .code, program.instructions.flatMap(\.bytes))
        }
        image.add("license", type: .bits, flags: .data, Array("GPL\0".utf8))

        var names: [UInt8] = [0]
        var symbols = [UInt8](repeating: 0, count: 24)
        for (index, program) in programs.enumerated() {
            symbols += littleEndian(UInt32(names.count))
            names += Array(program.name.utf8) + [0]
            // STB_GLOBAL, STT_FUNC; STV_DEFAULT; the program's section
            symbols += [1 << 4 | 2, 0] + littleEndian(UInt16(index + 1))
            symbols += littleEndian(UInt64(0)) + littleEndian(UInt64(program.instructions.count * 8))
        }
        image.addSymbols(symbols, names: names)
        return image.bytes()
    }
}

/// An ELF64 relocatable file for BPF while it is put together.
private struct ELFImage {
    enum Kind: UInt32 {
        case bits = 1
        case symbols = 2
        case strings = 3
    }

    enum Flags: UInt64 {
        case none = 0
        /// SHF_ALLOC and SHF_WRITE
        case data = 3
        /// SHF_ALLOC and SHF_EXECINSTR
        case code = 6
    }

    private struct Section {
        var name: UInt32
        var kind: Kind
        var flags: Flags
        var link: UInt32
        var info: UInt32
        var entrySize: UInt64
        var contents: [UInt8]
    }

    private static let headerSize = 64
    private var names: [UInt8] = [0]
    private var sections: [Section] = []

    mutating func add(
        _ name: String,
        type: Kind,
        flags: Flags,
        link: UInt32 = 0,
        info: UInt32 = 0,
        entrySize: UInt64 = 0,
        _ contents: [UInt8]
    ) {
        let offset = UInt32(names.count)
        names += Array(name.utf8) + [0]
        sections.append(
            Section(
                name: offset,
                kind: type,
                flags: flags,
                link: link,
                info: info,
                entrySize: entrySize,
                contents: contents
            )
        )
    }

    mutating func addSymbols(_ symbols: [UInt8], names: [UInt8]) {
        // The string table follows; index 0 is the null section, which stands before all of these. One local symbol.
        add(".symtab", type: .symbols, flags: .none, link: UInt32(sections.count + 2), info: 1, entrySize: 24, symbols)
        add(".strtab", type: .strings, flags: .none, names)
    }

    func bytes() -> [UInt8] {
        var image = self
        image.add(".shstrtab", type: .strings, flags: .none, [])
        image.sections[image.sections.count - 1].contents = image.names

        var body: [UInt8] = []
        var table = [UInt8](repeating: 0, count: 64)
        for section in image.sections {
            while body.count % 8 != 0 { body.append(0) }
            table += littleEndian(section.name) + littleEndian(section.kind.rawValue)
            table += littleEndian(section.flags.rawValue) + littleEndian(UInt64(0))
            table += littleEndian(UInt64(Self.headerSize + body.count))
            table += littleEndian(UInt64(section.contents.count))
            table += littleEndian(section.link) + littleEndian(section.info)
            table += littleEndian(UInt64(8)) + littleEndian(section.entrySize)
            body += section.contents
        }
        while body.count % 8 != 0 { body.append(0) }

        // ELFCLASS64, ELFDATA2LSB, EV_CURRENT
        var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        // ET_REL, EM_BPF, EV_CURRENT
        header += littleEndian(UInt16(1)) + littleEndian(UInt16(247)) + littleEndian(UInt32(1))
        // e_entry, e_phoff, e_shoff
        header += littleEndian(UInt64(0)) + littleEndian(UInt64(0))
        header += littleEndian(UInt64(Self.headerSize + body.count))
        // e_flags, e_ehsize, e_phentsize, e_phnum
        header += littleEndian(UInt32(0)) + littleEndian(UInt16(64)) + littleEndian(UInt16(0)) + littleEndian(UInt16(0))
        header += littleEndian(UInt16(64)) + littleEndian(UInt16(image.sections.count + 1))
        header += littleEndian(UInt16(image.sections.count))
        return header + body + table
    }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
