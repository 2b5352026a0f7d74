// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import OCIRegistry

/// Archives as several programs make them, and as none should.
@Suite struct TarTests {
    private func entries(_ bytes: [UInt8]) throws -> [TarEntry] {
        let path = FilePath(FileManager.default.temporaryDirectory.path(percentEncoded: false))
            .appending("bpfmatrix-tar-\(UUID().uuidString)")
        try path.write(bytes)
        defer { unlink(path.string) }
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var reader = TarReader(file, size: bytes.count)
            var entries: [TarEntry] = []
            while let entry = try reader.next() { entries.append(entry) }
            return entries
        }
    }

    @Test("names come from the header, its prefix, GNU's long names and extended headers, each for one entry")
    func names() throws {
        let long = String(repeating: "d/", count: 80) + "file"
        var tar = TarBuilder()
        tar.file("./boot/vmlinuz", "kernel")
        tar.entry("name", type: "0", prefix: "pre/fix")
        tar.longName(long)
        tar.file("cut")
        tar.records([("path", "päth/\(long)"), ("mtime", "1.5")])
        tar.file("cut")
        tar.entry("gnu", type: "0", prefix: "not a prefix", isPosix: false)
        tar.records([("linkpath", "elsewhere")])
        tar.symbolicLink("link", to: "cut")
        tar.file("plain")
        let entries = try entries(tar.bytes)
        #expect(
            entries.map(\.name)
                == ["./boot/vmlinuz", "pre/fix/name", long, "päth/\(long)", "gnu", "link", "plain"]
        )
        #expect(entries[5].kind == .symbolicLink("elsewhere"))
        #expect(entries[0].content.count == 6)
    }

    @Test("an archive that just stops after an entry is whole; one that stops within is not")
    func endings() throws {
        var tar = TarBuilder()
        tar.file("a", "text")
        #expect(try entries(tar.open).map(\.name) == ["a"])
        #expect(try entries(Array(tar.open.prefix(512 + 4))).map(\.name) == ["a"])
        for length in [100, 511, 513, 515] {
            #expect(throws: TarError.truncated(at: 0)) { try entries(Array(tar.open.prefix(length))) }
        }
    }

    @Test(
        "sizes that are none, or lead past the end, are refused",
        arguments: [
            "77777777777", "9", "-1", "\u{ff}\u{ff}", "+7", "1 7",
        ]
    )
    func sizes(size: String) throws {
        var tar = TarBuilder()
        tar.entry("a", type: "0", content: [1], size: size)
        if size == "1 7" {
            #expect(try entries(tar.bytes).map(\.content.count) == [1])
        } else {
            #expect(throws: TarError.self) { try entries(tar.bytes) }
        }
    }

    @Test("an extended header's size counts; one that is nonsense, or of a length that is not its own, is refused")
    func records() throws {
        var tar = TarBuilder()
        tar.records([("size", "3")])
        tar.entry("a", type: "0", content: [1, 2, 3], size: "0")
        #expect(try entries(tar.bytes).map(\.content.count) == [3])
        for text in ["9 path=\n", "99 path=a\n", "path=a\n", "10 path=a", "9 size=-\n", "11 path=\u{0}a\n", "-5 a=b\n"]
        {
            var tar = TarBuilder()
            tar.entry("records", type: "x", content: Array(text.utf8))
            tar.file("a")
            #expect(throws: TarError.self, "\(text)") { try entries(tar.bytes) }
        }
    }

    @Test("files with holes, devices and what nobody knows are no files")
    func others() throws {
        var tar = TarBuilder()
        for type in ["3", "4", "6", "S", "Z"] { tar.entry(type, type: Character(type)) }
        tar.records([("GNU.sparse.major", "1")])
        tar.file("sparse", "content")
        #expect(try entries(tar.bytes).allSatisfy { $0.kind == .other })
    }

    @Test("changed bytes never lead out of the archive, nor to a crash")
    func noise() throws {
        var tar = TarBuilder()
        tar.longName(String(repeating: "x", count: 200))
        tar.file("a", "text")
        tar.records([("path", "b"), ("size", "4")])
        tar.file("b", "text")
        let good = tar.bytes
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // With sums that are right again, so that more than they are looked at.
            for start in stride(from: 0, to: bytes.count - 1024, by: 512) where good[start + 257] == UInt8(ascii: "u") {
                bytes.replaceSubrange((start + 148)..<(start + 156), with: Array("        ".utf8))
                let sum = String(bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }, radix: 8)
                bytes.replaceSubrange((start + 148)..<(start + 148 + sum.count), with: Array(sum.utf8))
            }
            let found = (try? entries(bytes)) ?? []
            #expect(found.allSatisfy { $0.content.upperBound <= bytes.count })
        }
    }
}
