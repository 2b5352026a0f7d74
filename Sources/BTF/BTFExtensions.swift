// SPDX-License-Identifier: Apache-2.0

/// What .BTF.ext says of an object's instructions: to which function, line of source and relocation each belongs.
///
/// Layout: Documentation/bpf/btf.rst, "The .BTF.ext section"; checked as libbpf does (`btf_ext_parse` in btf.c).
public struct BTFExtensions: Sendable {
    /// The records of one ELF section.
    public struct Section<Record: Sendable>: Sendable {
        public let name: BTFName
        /// In the order of the object, which is that of their instructions where a compiler made it.
        public let records: [Record]
    }

    /// `struct bpf_func_info`
    public struct FunctionRecord: Sendable {
        /// Bytes from the beginning of the section.
        public let instructionOffset: UInt32
        /// A type of kind `function`.
        public let type: UInt32
    }

    /// `struct bpf_line_info`
    public struct LineRecord: Sendable {
        /// Bytes from the beginning of the section. The line holds until the next record.
        public let instructionOffset: UInt32
        public let file: BTFName
        /// The line of source itself, as it was compiled; empty where the compiler did not have it.
        public let text: BTFName
        /// From 1; 0 where no line is to blame.
        public let line: Int
        /// From 1; 0 where it is not known. Ten bits: at most 1023.
        public let column: Int
    }

    /// `struct bpf_core_relo`
    public struct RelocationRecord: Sendable {
        /// Bytes from the beginning of the section.
        public let instructionOffset: UInt32
        /// The type of the object that the relocation starts from.
        public let type: UInt32
        /// `0:1:2`: which element, which member of it, which member of that.
        public let access: BTFName
        /// `enum bpf_core_relo_kind`
        public let kind: UInt32
    }

    public let functions: [Section<FunctionRecord>]
    public let lines: [Section<LineRecord>]
    public let relocations: [Section<RelocationRecord>]

    /// Bytes of `struct btf_ext_header` without relocations, and with them.
    private static let shortHeader = 24
    private static let longHeader = 32

    /// - Parameters:
    ///   - bytes: the section's contents, in the byte order that its first bytes tell.
    ///   - types: the same object's, which holds the strings.
    public init(_ bytes: ArraySlice<UInt8>, types: BTFTypes) throws(BTFError) {
        let bytes = BTFBytes(bytes)
        guard bytes.count >= Self.shortHeader else {
            throw .outOfBounds(part: .header, offset: 0, size: Self.shortHeader, end: bytes.count)
        }
        guard let order = BTFHeader.order(bytes) else { throw .notBTF }
        guard bytes.byte(at: 2) == 1 else { throw .unknownVersion(bytes.byte(at: 2)) }
        let reader = RecordReader(bytes: bytes, isSwapped: order != .native, types: types)
        let size = Int(reader.word(4))
        guard size >= Self.shortHeader, size <= bytes.count else {
            throw .outOfBounds(part: .header, offset: 0, size: size, end: bytes.count)
        }
        functions = try reader.sections(.functionRecords, header: size, field: 8, least: 8) { offset in
            FunctionRecord(instructionOffset: reader.word(offset), type: reader.word(offset + 4))
        }
        lines = try reader.sections(.lineRecords, header: size, field: 16, least: 16) { offset in
            let place = reader.word(offset + 12)
            return LineRecord(
                instructionOffset: reader.word(offset),
                file: types.string(at: reader.word(offset + 4)),
                text: types.string(at: reader.word(offset + 8)),
                line: Int(place >> 10),
                column: Int(place & 0x3ff)
            )
        }
        guard size >= Self.longHeader else {
            relocations = []
            return
        }
        relocations = try reader.sections(.relocationRecords, header: size, field: 24, least: 16) { offset in
            RelocationRecord(
                instructionOffset: reader.word(offset),
                type: reader.word(offset + 4),
                access: types.string(at: reader.word(offset + 8)),
                kind: reader.word(offset + 12)
            )
        }
    }
}

/// Goes over the lists of .BTF.ext, which are all made alike: a record's size, then sections with their records.
private struct RecordReader {
    let bytes: BTFBytes
    let isSwapped: Bool
    let types: BTFTypes

    func word(_ offset: Int) -> UInt32 {
        let word = bytes.word(at: offset)
        return isSwapped ? word.byteSwapped : word
    }

    /// - Parameters:
    ///   - header: its size, from where the list's place is counted.
    ///   - field: where the header has the list's place.
    ///   - least: the size of a record; longer ones have more at their end, which is passed over.
    func sections<Record>(
        _ part: BTFError.Part,
        header: Int,
        field: Int,
        least: Int,
        _ record: (Int) -> Record
    ) throws(BTFError) -> [BTFExtensions.Section<Record>] {
        let start = header + Int(word(field))
        let length = Int(word(field + 4))
        guard length > 0 else { return [] }
        guard start + length <= bytes.count else {
            throw .outOfBounds(part: part, offset: start, size: length, end: bytes.count)
        }
        guard start % 4 == 0 else { throw .misplaced(part: part, offset: start) }
        guard length >= 4 else { throw .malformedRecords(part: part) }
        let size = Int(word(start))
        guard size >= least, size % 4 == 0 else { throw .wrongRecordSize(part: part, size: size) }
        var sections: [BTFExtensions.Section<Record>] = []
        var offset = start + 4
        let end = start + length
        guard offset < end else { throw .malformedRecords(part: part) }
        while offset < end {
            guard offset + 8 <= end else { throw .malformedRecords(part: part) }
            let name = types.string(at: word(offset))
            let count = Int(word(offset + 4))
            offset += 8
            guard count > 0, count <= (end - offset) / size else { throw .malformedRecords(part: part) }
            sections.append(.init(name: name, records: (0..<count).map { record(offset + $0 * size) }))
            offset += count * size
        }
        return sections
    }
}
