// SPDX-License-Identifier: Apache-2.0

import Testing
import VirtualMachine

@Suite struct CPIOArchiveTests {
    /// An entry as the kernel would read it: initramfs.c.
    private struct Entry: Equatable {
        var name: String
        var mode: Int
        var contents: [UInt8]
        var device: [Int]
    }

    private static func entries(_ archive: [UInt8]) throws -> [Entry] {
        var entries: [Entry] = []
        var offset = 0
        func field(_ number: Int) throws -> Int {
            let start = offset + 6 + 8 * number
            return try #require(Int(String(decoding: archive[start..<(start + 8)], as: UTF8.self), radix: 16))
        }
        while true {
            try #require(archive.count >= offset + 110)
            #expect(archive[offset..<(offset + 6)].elementsEqual(Array("070701".utf8)))
            let nameStart = offset + 110
            let nameEnd = nameStart + (try field(11))
            #expect(archive[nameEnd - 1] == 0)
            let name = String(decoding: archive[nameStart..<(nameEnd - 1)], as: UTF8.self)
            let start = (nameEnd + 3) / 4 * 4
            let end = start + (try field(6))
            let entry = Entry(
                name: name,
                mode: try field(1),
                contents: Array(archive[start..<end]),
                device: [try field(9), try field(10)]
            )
            offset = (end + 3) / 4 * 4
            if name == "TRAILER!!!" {
                #expect(offset == archive.count)
                return entries
            }
            entries.append(entry)
        }
    }

    @Test("files come with the folders above them, once each and first")
    func folders() throws {
        var archive = CPIOArchive()
        try archive.addFile("usr/lib/a", mode: 0o644, [1, 2, 3])
        try archive.addFile("usr/lib/b", mode: 0o755, [])
        let entries = try Self.entries(archive.finished())
        #expect(entries.map(\.name) == ["usr", "usr/lib", "usr/lib/a", "usr/lib/b"])
        #expect(entries.map(\.mode) == [0o040755, 0o040755, 0o100644, 0o100755])
        #expect(entries[2].contents == [1, 2, 3])
    }

    @Test("contents of any length leave the next entry where it must be", arguments: 0..<9)
    func padding(count: Int) throws {
        var archive = CPIOArchive()
        try archive.addFile(String(repeating: "n", count: count + 1), mode: 0o644, [UInt8](repeating: 7, count: count))
        try archive.addFile("next", mode: 0o644, [9])
        #expect(try Self.entries(archive.finished()).last?.contents == [9])
    }

    @Test("a device has its numbers")
    func device() throws {
        var archive = CPIOArchive()
        try archive.addCharacterDevice("dev/console", mode: 0o600, major: 5, minor: 1)
        #expect(
            try Self.entries(archive.finished()).last
                == Entry(name: "dev/console", mode: 0o020600, contents: [], device: [5, 1])
        )
    }

    @Test(
        "names that climb out or mean nothing are refused",
        arguments: ["", "/etc/passwd", "a/../b", "a//b", "./a", ".."]
    )
    func names(name: String) {
        var archive = CPIOArchive()
        #expect(throws: CPIOArchive.Failure.unusableName(name)) { try archive.addFile(name, mode: 0o644, []) }
    }
}
