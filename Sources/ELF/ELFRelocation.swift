// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// One entry of a relocation section without addends (`Elf64_Rel`), which is the only kind that BPF objects have.
public struct ELFRelocation: Sendable, Hashable {
    /// Where in the section the value goes, in bytes.
    public let offset: Int
    /// `ELF64_R_TYPE`: its meaning is the machine's own.
    public let type: UInt32
    /// Index in the symbol table (`ELF64_R_SYM`); nobody has checked that there is such a symbol.
    public let symbolIndex: Int
}

extension ELFFile {
    /// `SHT_REL`.
    static let relocationType: UInt32 = 9

    /// What is to be relocated in section `index`: of one relocation section after the other where there are several, as
    /// libbpf goes through all of them (`bpf_object__collect_relos`); clang writes one.
    public func relocations(for index: Int) throws(ELFError) -> [ELFRelocation] {
        var all: [ELFRelocation] = []
        for section in relocationSections[index] ?? [] { all += try relocations(in: sections[section]) }
        return all
    }

    /// What is to be relocated according to `section` (`sh_type` `SHT_REL`), in the order in which it stands there.
    public func relocations(in section: ELFSection) throws(ELFError) -> [ELFRelocation] {
        guard section.entrySize == (is64Bit ? 16 : 8) else {
            throw .wrongRelocationSize(section: section.name, section.entrySize)
        }
        var reader = ByteReader(try contents(of: section), order: byteOrder)
        var relocations: [ELFRelocation] = []
        do throws(ByteReaderError) {
            while !reader.isAtEnd {
                let offset = try reader.word(is64Bit)
                if is64Bit {
                    let info = try reader.integer(UInt64.self)
                    relocations.append(
                        ELFRelocation(
                            offset: offset,
                            type: UInt32(truncatingIfNeeded: info),
                            symbolIndex: Int(info >> 32)
                        )
                    )
                } else {
                    let info = try reader.integer(UInt32.self)
                    relocations.append(
                        ELFRelocation(offset: offset, type: info & 0xff, symbolIndex: Int(info >> 8))
                    )
                }
            }
        } catch {
            throw .truncated(what: "relocation section '\(section.name)'", error)
        }
        return relocations
    }
}
