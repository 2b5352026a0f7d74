// SPDX-License-Identifier: Apache-2.0

/// ELF files that no compiler makes, byte by byte: little-endian, 64 bits.
public enum HostileObject {
    /// A section as a test wants it, whatever a linker would say.
    public struct Section {
        public var name: UInt32
        public var type: UInt32
        public var flags: UInt64 = 0
        public var contents: [UInt8] = []
        /// Where its bytes are, and how many, where that is not said by `contents`.
        public var place: (offset: UInt64, size: UInt64)?
        public var link: UInt32 = 0
        public var info: UInt32 = 0
        public var entrySize: UInt64 = 0

        public init(_ type: UInt32, name: UInt32 = 0, flags: UInt64 = 0, contents: [UInt8] = []) {
            self.type = type
            self.name = name
            self.flags = flags
            self.contents = contents
        }
    }

    /// A relocatable file for BPF; the null section and the section of names are put in front: names begin at 1.
    public static func file(names: [UInt8], _ sections: [Section]) -> [UInt8] {
        var strings = Section(3)
        strings.contents = [0] + names
        let all = [Section(0), strings] + sections
        var body: [UInt8] = []
        var table: [UInt8] = []
        for section in all {
            while body.count % 8 != 0 { body.append(0) }
            let own = (offset: UInt64(64 + body.count), size: UInt64(section.contents.count))
            body += section.contents
            let place = section.place ?? own
            table += bytes(section.name) + bytes(section.type) + bytes(section.flags) + bytes(UInt64(0))
            table += bytes(place.offset) + bytes(place.size) + bytes(section.link) + bytes(section.info)
            table += bytes(UInt64(1)) + bytes(section.entrySize)
        }
        while body.count % 8 != 0 { body.append(0) }
        return header(sectionTable: UInt64(64 + body.count), sections: UInt16(all.count), names: 1) + body + table
    }

    public static func header(sectionTable: UInt64, sections: UInt16, names: UInt16, type: UInt16 = 1) -> [UInt8] {
        var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        header += bytes(type) + bytes(UInt16(247)) + bytes(UInt32(1)) + bytes(UInt64(0)) + bytes(UInt64(0))
        header += bytes(sectionTable) + bytes(UInt32(0)) + bytes(UInt16(64)) + bytes(UInt16(0)) + bytes(UInt16(0))
        return header + bytes(UInt16(64)) + bytes(sections) + bytes(names)
    }

    /// A program in a section `socket`, and as many symbols besides as are wanted.
    ///
    /// - Parameter nameOffset: where in `names` a symbol's name begins.
    public static func program(symbols count: Int, names: [UInt8], nameOffset: (Int) -> Int) -> [UInt8] {
        var code = Section(1, name: 1, flags: 6)
        // r0 = 0; exit
        code.contents = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
        let strings = [0] + names + Array("prog\0".utf8)
        var symbols = Section(2)
        symbols.contents.reserveCapacity((count + 2) * 24)
        symbols.contents = [UInt8](repeating: 0, count: 24)
        symbols.contents += symbol(name: UInt32(strings.count - 5), info: 0x12, section: 2, size: 16)
        for number in 0..<count {
            symbols.contents += symbol(name: UInt32(1 + nameOffset(number)), info: 0, section: 0xfff1, size: 0)
        }
        symbols.link = 4
        symbols.info = 1
        symbols.entrySize = 24
        return file(names: Array("socket\0".utf8), [code, symbols, Section(3, contents: strings)])
    }

    private static func symbol(name: UInt32, info: UInt8, section: UInt16, size: UInt64) -> [UInt8] {
        bytes(name) + [info, 0] + bytes(section) + bytes(UInt64(0)) + bytes(size)
    }

    /// A file whose bytes look like `count` headers, each of which leads to one table of as many sections as there can be.
    public static func falseHeaders(_ count: Int, sections: UInt16 = 60_000) -> [UInt8] {
        let strings = (0..<9000).map { $0 % 4090 == 4089 ? 0 : UInt8(ascii: "B") }
        let stringsPlace = UInt64(64 * (count + 1))
        let table = stringsPlace + UInt64(strings.count)
        var file = header(sectionTable: 0, sections: 0, names: 0, type: 2)
        for number in 1...count {
            file += header(sectionTable: table - UInt64(64 * number), sections: sections, names: 0)
        }
        file += strings
        func entry(_ type: UInt32, _ offset: UInt64, _ size: UInt64) -> [UInt8] {
            bytes(UInt32(0)) + bytes(type) + bytes(UInt64(0)) + bytes(UInt64(0)) + bytes(offset) + bytes(size)
                + bytes(UInt32(0)) + bytes(UInt32(0)) + bytes(UInt64(1)) + bytes(UInt64(0))
        }
        file += entry(3, stringsPlace, 8192)
        let empty = entry(0, 0, 8)
        for _ in 1..<sections { file += empty }
        return file + [UInt8](repeating: 0, count: 64 * (count + 2))
    }

    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
