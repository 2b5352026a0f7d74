// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// Why bytes are no archive that can be read.
enum TarError: Error, Hashable, CustomStringConvertible {
    case truncated(at: Int)
    case notAHeader(at: Int)
    case badNumber(at: Int)
    case badRecord(at: Int)
    case tooLong(at: Int)

    var description: String {
        switch self {
        case .truncated(let place): "the archive ends in the middle of the entry at byte \(place)"
        case .notAHeader(let place): "there is no entry where one should be, at byte \(place)"
        case .badNumber(let place): "the entry at byte \(place) has a size that is none"
        case .badRecord(let place): "the extended header at byte \(place) can't be read"
        case .tooLong(let place): "the entry at byte \(place) has a name longer than any file's"
        }
    }
}

/// The block before each entry of an archive (POSIX 1003.1, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar
/// Format").
struct TarHeader {
    static let blockSize = 512

    let name: [UInt8]
    let size: Int
    let type: UInt8
    let linkName: [UInt8]

    /// - Parameter place: where the block is in its archive.
    init(_ block: [UInt8], at place: Int) throws(TarError) {
        let fields: Fields
        do throws(ByteReaderError) {
            fields = try Fields(block)
        } catch {
            throw .truncated(at: place)
        }
        guard Self.octal(fields.checksum) == Self.sum(of: block) else { throw .notAHeader(at: place) }
        guard let size = Self.number(fields.size) else { throw .badNumber(at: place) }
        self.size = size
        type = fields.type
        linkName = Self.text(fields.linkName)
        // GNU's own format has other things where POSIX has the beginning of a long name.
        let prefix = fields.magic == Array("ustar\0".utf8) ? Self.text(fields.prefix) : []
        let name = Self.text(fields.name)
        self.name = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    private struct Fields {
        let name: [UInt8]
        let size: [UInt8]
        let checksum: [UInt8]
        let type: UInt8
        let linkName: [UInt8]
        let magic: [UInt8]
        let prefix: [UInt8]

        init(_ block: [UInt8]) throws(ByteReaderError) {
            var reader = ByteReader(block)
            name = Array(try reader.bytes(100))
            try reader.seek(to: 124)
            size = Array(try reader.bytes(12))
            try reader.seek(to: 148)
            checksum = Array(try reader.bytes(8))
            type = try reader.integer()
            linkName = Array(try reader.bytes(100))
            magic = Array(try reader.bytes(6))
            try reader.seek(to: 345)
            prefix = Array(try reader.bytes(155))
        }
    }

    private static func text(_ field: [UInt8]) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// The sum of all bytes, with spaces in the sum's own place.
    private static func sum(of block: [UInt8]) -> Int {
        block.enumerated().reduce(0) { $0 + (148..<156 ~= $1.offset ? 0x20 : Int($1.element)) }
    }

    /// Octal digits, or where the first bit is set GNU's binary number, which is only for what octal can't hold.
    private static func number(_ field: [UInt8]) -> Int? {
        guard let first = field.first, first & 0x80 != 0 else { return octal(field) }
        var value = Int(first & 0x7f)
        for byte in field.dropFirst() {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
            guard !overflow else { return nil }
            value = shifted | Int(byte)
        }
        return first == 0xff ? nil : value
    }

    private static func octal(_ field: [UInt8]) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        guard !digits.isEmpty else { return 0 }
        // The initialiser would take a sign too.
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
