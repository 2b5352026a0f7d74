// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import OCIRegistry

/// Layers, one over the other, and what hostile ones try.
@Suite struct LayerTests {
    /// What is wanted of these layers, by path.
    private func files(
        _ layers: [TarBuilder],
        mostEntries: Int = 1000,
        where isWanted: @escaping (String) -> Bool = { _ in true }
    ) async throws -> [String: String] {
        try await withScratchFolder { folder in
            let contents = folder.appending("contents")
            let placed = folder.appending("placed")
            for path in [contents, placed] {
                try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
            }
            var files = LayerFiles(folder: contents, mostEntries: mostEntries, isWanted: isWanted)
            for (number, layer) in layers.enumerated() {
                let archive = folder.appending("layer")
                try archive.write(layer.bytes)
                try files.add(archive, layer: number)
            }
            let image = try files.place(below: placed)
            var found: [String: String] = [:]
            for path in image.paths {
                found[path] = String(decoding: try FilePath("\(placed)/\(path)").contents, as: UTF8.self)
            }
            // Nothing but those files, and nothing beside.
            let written = FileManager.default.enumerator(atPath: placed.string)?.compactMap { $0 as? String } ?? []
            let isFolder = { (path: String) in
                (try? FileManager.default.attributesOfItem(atPath: "\(placed)/\(path)")[.type] as? FileAttributeType)
                    == .typeDirectory
            }
            #expect(Set(written.filter { !isFolder($0) }) == Set(found.keys))
            let beside = try FileManager.default.contentsOfDirectory(atPath: folder.string)
            #expect(Set(beside) == ["contents", "placed", "layer"])
            return found
        }
    }

    private func layer(_ make: (inout TarBuilder) -> Void) -> TarBuilder {
        var tar = TarBuilder()
        make(&tar)
        return tar
    }

    @Test("only what is wanted is taken, under its path; absolute names mean the image's root")
    func wanted() async throws {
        let layer = layer {
            $0.folder("./boot/")
            $0.file("./boot/vmlinuz", "kernel")
            $0.file("/etc/passwd", "root")
            $0.file("//boot//config", "CONFIG_X=y")
        }
        let found = try await files([layer]) { $0.hasPrefix("boot/") }
        #expect(found == ["boot/vmlinuz": "kernel", "boot/config": "CONFIG_X=y"])
    }

    @Test("a later layer's file takes the place of an earlier one's, and the last of one layer counts")
    func order() async throws {
        let one = layer {
            $0.file("a", "one"); $0.file("b", "one"); $0.file("b", "two")
        }
        let two = layer { $0.file("a", "three") }
        #expect(try await files([one, two]) == ["a": "three", "b": "two"])
    }

    @Test("whiteouts remove what earlier layers have, and nothing of their own layer")
    func whiteouts() async throws {
        let one = layer {
            $0.file("boot/old", "1"); $0.file("boot/kept", "1"); $0.file("lib/modules/5/a.ko", "1");
            $0.file("gone", "1")
        }
        let two = layer {
            $0.file("boot/new", "2"); $0.file("boot/.wh.old"); $0.file("boot/.wh.new"); $0.file(".wh.gone")
            $0.file("lib/modules/6/b.ko", "2"); $0.file("lib/modules/.wh.5"); $0.file(".wh..wh.plnk")
        }
        #expect(
            try await files([one, two]) == ["boot/kept": "1", "boot/new": "2", "lib/modules/6/b.ko": "2"]
        )
    }

    @Test("an opaque folder hides all that was below, wherever in its layer it stands", arguments: [true, false])
    func opaque(isFirst: Bool) async throws {
        let one = layer {
            $0.file("boot/a", "1"); $0.file("boot/deep/b", "1"); $0.file("other", "1")
        }
        let two = layer {
            if isFirst { $0.file("boot/.wh..wh..opq") }
            $0.file("boot/deep/c", "2")
            if !isFirst { $0.file("boot/.wh..wh..opq") }
        }
        #expect(try await files([one, two]) == ["boot/deep/c": "2", "other": "1"])
    }

    @Test("links inside the image stand for the file that they lead to, also through folders and across layers")
    func links() async throws {
        let one = layer {
            $0.symbolicLink("lib", to: "usr/lib")
            $0.symbolicLink("boot/vmlinuz", to: "vmlinuz-6.6.30")
            $0.symbolicLink("boot/absolute", to: "/lib/modules/6/vmlinuz")
            $0.symbolicLink("boot/climbing", to: "../../../../boot/vmlinuz")
            $0.symbolicLink("boot/nowhere", to: "missing")
        }
        let two = layer {
            $0.file("boot/vmlinuz-6.6.30", "kernel")
            $0.file("lib/modules/6/vmlinuz", "other")
            $0.hardLink("boot/hard", to: "usr/lib/modules/6/vmlinuz")
            $0.hardLink("boot/nothing", to: "boot/missing")
        }
        #expect(
            try await files([one, two]) == [
                "boot/vmlinuz": "kernel", "boot/absolute": "other", "boot/climbing": "kernel",
                "boot/vmlinuz-6.6.30": "kernel", "usr/lib/modules/6/vmlinuz": "other", "boot/hard": "other",
            ]
        )
    }

    @Test("a link out of the image leads to nothing of this machine's")
    func linksOut() async throws {
        let layer = layer {
            $0.symbolicLink("boot/vmlinuz", to: "/etc/passwd")
            $0.symbolicLink("boot/config", to: "../../../../../../../etc/passwd")
            $0.symbolicLink("out", to: "/tmp")
            $0.file("out/escaped", "inside")
            $0.symbolicLink("self", to: "self")
        }
        #expect(try await files([layer]) == ["tmp/escaped": "inside"])
    }

    @Test(
        "names that climb, or that no file can have, are refused",
        arguments: [
            "../escaped", "boot/../../escaped", "/../escaped", "boot/..", "a/.wh..", "a/.wh...", "a/.wh.",
            String(repeating: "d/", count: 65) + "x",
        ]
    )
    func climbing(name: String) async throws {
        let layer = layer { tar in
            tar.records([("path", name)])
            tar.file("x", "content")
        }
        await #expect(throws: LayerFiles.Refusal.self) { try await files([layer]) }
        let linked = self.layer { $0.hardLink("hard", to: "../../etc/passwd") }
        await #expect(throws: LayerFiles.Refusal.self) { try await files([linked]) }
    }

    @Test("what lies behind links in a circle is refused")
    func circle() async throws {
        let layer = layer {
            $0.symbolicLink("a", to: "b"); $0.symbolicLink("b", to: "a"); $0.file("a/file", "content")
        }
        await #expect(throws: LayerFiles.Refusal.self) { try await files([layer]) }
    }

    @Test(
        "a device, a pipe or a link where a file was takes its place; a file in the place of a folder takes all of it"
    )
    func replaced() async throws {
        let one = layer {
            $0.file("boot/vmlinuz", "kernel"); $0.file("boot/a/b", "1"); $0.file("boot/c", "1")
        }
        let two = layer {
            $0.entry("boot/vmlinuz", type: "3"); $0.file("boot/a", "2"); $0.symbolicLink("boot/c", to: "a")
        }
        #expect(try await files([one, two]) == ["boot/a": "2", "boot/c": "2"])
    }

    @Test("an image of more entries than there may be is refused")
    func tooMany() async throws {
        let layer = layer { for _ in 0..<20 { $0.file("again", "and again") } }
        #expect(try await files([layer], mostEntries: 20) == ["again": "and again"])
        await #expect(throws: LayerFiles.Refusal.self) { try await files([layer], mostEntries: 19) }
    }
}
