// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Something in an archive.
struct TarEntry: Hashable {
    enum Kind: Hashable {
        case file
        case folder
        case symbolicLink(String)
        case hardLink(String)
        /// Devices, pipes, files with holes that are described apart, and what nobody knows.
        case other
    }

    /// As the archive has it: nothing is known of it but that it is text.
    let name: String
    let kind: Kind
    /// Where its bytes are.
    let content: Range<Int>
}

/// Reads an archive that nobody vouches for, entry by entry: ustar, with GNU's long names and pax's extended headers. No
/// name in it is used as a file's.
struct TarReader {
    private let file: FileDescriptor
    private let end: Int
    private var position = 0
    private var global = PaxRecords()

    /// More than any file system takes (PATH_MAX).
    private static let longestName = 4096
    private static let longestRecords = 1 << 20

    init(_ file: FileDescriptor, size: Int) {
        self.file = file
        end = size
    }

    /// The next entry; nil at the end. One whose name is no text is passed over.
    mutating func next() throws -> TarEntry? {
        var longName: [UInt8]?
        var longLink: [UInt8]?
        var records = global
        while position < end {
            let place = position
            let block = try bytes(place..<(place + TarHeader.blockSize), of: place)
            guard block.contains(where: { $0 != 0 }) else { break }
            let header = try TarHeader(block, at: place)
            let start = place + TarHeader.blockSize
            let size = try contentSize(header, records, at: place)
            guard size <= end - start else { throw TarError.truncated(at: place) }
            let content = start..<(start + size)
            // Content is filled up to whole blocks; at the very end that may be missing.
            let padding = (TarHeader.blockSize - size % TarHeader.blockSize) % TarHeader.blockSize
            position = min(content.upperBound + padding, end)
            switch header.type {
            case UInt8(ascii: "L"): longName = try name(in: content, at: place)
            case UInt8(ascii: "K"): longLink = try name(in: content, at: place)
            case UInt8(ascii: "x"): records.merge(try paxRecords(in: content, at: place))
            case UInt8(ascii: "g"):
                global.merge(try paxRecords(in: content, at: place))
                records.merge(global)
            default:
                let name = records.path ?? longName ?? header.name
                let link = records.linkPath ?? longLink ?? header.linkName
                guard name.count <= Self.longestName, link.count <= Self.longestName else {
                    throw TarError.tooLong(at: place)
                }
                guard let text = String(validating: name, as: UTF8.self),
                    let linkText = String(validating: link, as: UTF8.self)
                else {
                    (longName, longLink, records) = (nil, nil, global)
                    continue
                }
                let kind = records.isSparse ? .other : Self.kind(header.type, text, linkText)
                return TarEntry(name: text, kind: kind, content: content)
            }
        }
        position = end
        return nil
    }

    /// Writes an entry's bytes.
    func copy(_ content: Range<Int>, to target: FileDescriptor) throws {
        var place = content.lowerBound
        while place < content.upperBound {
            let piece = try bytes(place..<min(place + (1 << 20), content.upperBound), of: content.lowerBound)
            try target.writeAll(piece)
            place += piece.count
        }
    }

    private static func kind(_ type: UInt8, _ name: String, _ link: String) -> TarEntry.Kind {
        switch type {
        // Before there were folders in the format, a name ended like one.
        case UInt8(ascii: "0"), 0, UInt8(ascii: "7"): name.hasSuffix("/") ? .folder : .file
        case UInt8(ascii: "1"): .hardLink(link)
        case UInt8(ascii: "2"): .symbolicLink(link)
        case UInt8(ascii: "5"): .folder
        default: .other
        }
    }

    private func contentSize(_ header: TarHeader, _ records: PaxRecords, at place: Int) throws(TarError) -> Int {
        switch header.type {
        // These have no bytes, whatever their size says.
        case UInt8(ascii: "1")...UInt8(ascii: "6"): return 0
        case UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "x"), UInt8(ascii: "g"):
            guard header.size <= Self.longestRecords else { throw .tooLong(at: place) }
            return header.size
        default: return records.size ?? header.size
        }
    }

    private func name(in content: Range<Int>, at place: Int) throws -> [UInt8] {
        guard content.count <= Self.longestName + 1 else { throw TarError.tooLong(at: place) }
        return Array(try bytes(content, of: place).prefix { $0 != 0 })
    }

    private func paxRecords(in content: Range<Int>, at place: Int) throws -> PaxRecords {
        guard let records = PaxRecords(try bytes(content, of: place)) else { throw TarError.badRecord(at: place) }
        return records
    }

    private func bytes(_ range: Range<Int>, of place: Int) throws -> [UInt8] {
        guard range.upperBound <= end else { throw TarError.truncated(at: place) }
        return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[count..<range.count]
                )
                let read = try file.read(fromAbsoluteOffset: Int64(range.lowerBound + count), into: rest)
                guard read > 0 else { throw TarError.truncated(at: place) }
                count += read
            }
        }
    }
}

/// What an extended header says of the entry after it (POSIX 1003.1, "pax Extended Header"): `25 path=name\n`, the length of
/// the whole record first.
struct PaxRecords: Hashable {
    private(set) var path: [UInt8]?
    private(set) var linkPath: [UInt8]?
    private(set) var size: Int?
    /// Whether the bytes are not the file's, but those between its holes.
    private(set) var isSparse = false

    init() {}

    /// nil where a record is not made like one.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.prefix(20).firstIndex(of: 0x20),
                let length = Self.number(rest[..<space]),
                length > space - rest.startIndex + 1, length <= rest.count
            else { return nil }
            let record = rest[(space + 1)..<(rest.startIndex + length)]
            guard record.last == 0x0a, let equals = record.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let value = Array(record[(equals + 1)...].dropLast())
            guard !value.contains(0) else { return nil }
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": path = value
            case "linkpath": linkPath = value
            case "size":
                guard let number = Self.number(value[...]) else { return nil }
                size = number
            case let key where key.hasPrefix("GNU.sparse."): isSparse = true
            default: break
            }
            rest = rest.dropFirst(length)
        }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int? {
        guard text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(String(decoding: text, as: UTF8.self))
    }

    mutating func merge(_ later: PaxRecords) {
        path = later.path ?? path
        linkPath = later.linkPath ?? linkPath
        size = later.size ?? size
        isSparse = isSparse || later.isSparse
    }
}
