// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// One entry of the symbol table.
public struct ELFSymbol: Sendable, Hashable {
    /// `STT_*`, the kinds that matter here.
    public enum Kind: UInt8, Sendable {
        case none = 0
        case object = 1
        case function = 2
        case section = 3
    }

    /// `STB_*`.
    public enum Binding: UInt8, Sendable {
        case local = 0
        case global = 1
        case weak = 2
    }

    public let name: String
    /// nil where the type is none of those that matter here.
    public let kind: Kind?
    public let binding: Binding?
    /// Index of the section it is defined in; nil where it is undefined, absolute or common.
    public let sectionIndex: Int?
    /// `SHN_UNDEF`: whoever loads or links the file has to find it.
    public let isUndefined: Bool
    /// `STV_HIDDEN` or `STV_INTERNAL`: nothing outside the linked object is to see it.
    public let isHidden: Bool
    /// Offset in that section, for a relocatable file.
    public let value: Int
    /// Bytes it occupies.
    public let size: Int
}

extension ELFFile {
    /// The first reserved section index (`SHN_LORESERVE`).
    private static let reservedIndices: UInt16 = 0xff00
    /// `STV_INTERNAL`, `STV_HIDDEN`.
    private static let hiddenVisibilities: ClosedRange<UInt8> = 1...2

    /// The symbols of the file's symbol table, the reserved first one included; empty where there is none.
    public func symbols() throws(ELFError) -> [ELFSymbol] {
        guard let table = sections.first(where: { $0.type == ELFSection.symbolTable }) else { return [] }
        var names = ELFNames(table.link < sections.count ? try contents(of: sections[table.link]) : [])
        var reader = ByteReader(try contents(of: table), order: byteOrder)
        var symbols: [ELFSymbol] = []
        symbols.reserveCapacity(reader.count / (is64Bit ? 24 : 16))
        do throws(ByteReaderError) {
            while !reader.isAtEnd {
                symbols.append(try symbol(from: &reader, names: &names))
            }
        } catch {
            throw .truncated(what: "symbol table", error)
        }
        guard names.isWithinBudget else { throw .namesTooLong }
        return symbols
    }

    private func symbol(
        from reader: inout ByteReader,
        names: inout ELFNames
    ) throws(ByteReaderError) -> ELFSymbol {
        let nameOffset = Int(try reader.integer(UInt32.self))
        var info: UInt8 = 0
        var other: UInt8 = 0
        var section: UInt16 = 0
        var value = 0
        var size = 0
        if is64Bit {
            info = try reader.integer()
            other = try reader.integer()
            section = try reader.integer()
            value = try reader.word(true)
            size = try reader.word(true)
        } else {
            value = try reader.word(false)
            size = try reader.word(false)
            info = try reader.integer()
            other = try reader.integer()
            section = try reader.integer()
        }
        let defined = section != 0 && section < Self.reservedIndices
        return ELFSymbol(
            name: nameOffset == 0 ? "" : try names.name(at: nameOffset),
            kind: ELFSymbol.Kind(rawValue: info & 0xf),
            binding: ELFSymbol.Binding(rawValue: info >> 4),
            sectionIndex: defined ? Int(section) : nil,
            isUndefined: section == 0,
            isHidden: Self.hiddenVisibilities.contains(other & 3),
            value: value,
            size: size
        )
    }
}
