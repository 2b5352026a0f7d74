// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// Kernels that travel in a file, and files that were changed on the way.
@Suite struct TransferTests {
    private struct Fixture {
        let folder: FilePath
        let here: KernelStore
        let there: KernelStore

        var file: FilePath { folder.appending("kernels.tar.zst") }

        init(in folder: FilePath) async throws {
            self.folder = folder
            here = try KernelStore(root: folder.appending("here"))
            there = try KernelStore(root: folder.appending("there"))
            for name in ["one", "two"] {
                let notes = FakeKernel.note(owner: "Xen", type: 18)
                let payload = try await FakeKernel.payload(in: folder, notes: name == "one" ? notes : nil)
                let image = folder.appending("image")
                try image.write(FakeKernel.image(release: "6.9.0-\(name)", payload: payload))
                _ = try await here.add(name, image: image, modules: nil, config: image)
            }
        }

        /// The file, unpacked, changed by `body`, and packed again.
        func change(_ form: [String] = [], _ body: (FilePath) throws -> Void) async throws {
            let inside = folder.appending("inside")
            try FileManager.default.createDirectory(atPath: inside.string, withIntermediateDirectories: true)
            try await tar(["--extract", "--file", file.string, "-C", inside.string])
            try body(inside)
            try await tar(["--create", "--file", file.string] + form + ["-C", inside.string, "."])
        }

        private func tar(_ arguments: [String]) async throws {
            let result = try await Command("tar", arguments + ["--use-compress-program=zstd"]).run(within: .seconds(60))
            #expect(result.ending.isSuccess, "\(result.errorText)")
        }

        func imports() async throws -> [Bool] { try await there.importKernels(from: file).map(\.isNew) }

        /// Nothing of what was refused is left.
        func expectNothingThere() throws {
            #expect(try there.kernels().isEmpty)
            for name in ["blobs", "tmp"] {
                let left = try FileManager.default.contentsOfDirectory(atPath: there.root.appending(name).string)
                #expect(left.isEmpty, "\(name): \(left)")
            }
        }
    }

    private func withFixture(_ body: (Fixture) async throws -> Void) async throws {
        try await withScratchFolder { folder in try await body(try await Fixture(in: folder)) }
    }

    @Test("kernels arrive as they were, once; some or all of them")
    func whole() async throws {
        try await withFixture { fixture in
            let sent = try await fixture.here.export([], to: fixture.file)
            #expect(sent.map(\.name) == ["one", "two"])
            #expect(try await fixture.imports() == [true, true])
            let arrived = try fixture.there.kernels()
            #expect(arrived.map(\.name) == sent.map(\.name) && arrived.map(\.version) == sent.map(\.version))
            #expect(arrived.map(\.source) == sent.map(\.source) && arrived.map(\.blobs) == sent.map(\.blobs))
            #expect(arrived.contains { $0.uncompressed != nil })
            for blob in sent.flatMap(\.blobs) {
                #expect(try fixture.there.path(of: blob).contents == fixture.here.path(of: blob).contents)
            }
            #expect(try await fixture.imports() == [false, false])
            #expect(try await fixture.here.export(["two"], to: fixture.file).map(\.name) == ["two"])
            _ = try await fixture.there.remove("one")
            #expect(try await fixture.imports() == [false])
        }
    }

    @Test("what is not in the store, or can't be written, leaves no file")
    func noExport() async throws {
        try await withFixture { fixture in
            await #expect(throws: KernelStoreError.notInStore(name: "three", there: ["one", "two"])) {
                try await fixture.here.export(["one", "three"], to: fixture.file)
            }
            await #expect(throws: KernelStoreError.self) {
                try await fixture.here.export([], to: fixture.folder.appending("no/such/folder"))
            }
            await #expect(throws: KernelStoreError.self) { try await fixture.there.export([], to: fixture.file) }
            let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.string)
            #expect(!left.contains { $0.hasPrefix("kernels.tar") }, "\(left)")
        }
    }

    @Test("a file that is missing, something else, or cut off is told")
    func unusable() async throws {
        try await withFixture { fixture in
            await #expect(throws: KernelStoreError.self) { try await fixture.imports() }
            try fixture.file.write("just words")
            await #expect(throws: KernelStoreError.self) { try await fixture.imports() }
            _ = try await fixture.here.export([], to: fixture.file)
            try fixture.file.write(Array(try fixture.file.contents.prefix(200)))
            let error = await #expect(throws: KernelStoreError.self) { try await fixture.imports() }
            guard case .unusableSet? = error else { Issue.record("\(String(describing: error))"); return }
            try fixture.expectNothingThere()
        }
    }

    @Test("bytes that were changed, links in their place, and files that lack are refused")
    func changed() async throws {
        for spoil in ["changed", "linked", "missing"] {
            try await withFixture { fixture in
                let sent = try await fixture.here.export(["one"], to: fixture.file)
                let name = try #require(sent.first).image.sha256
                try await fixture.change { inside in
                    let blob = inside.appending("blobs").appending(name)
                    let bytes = try blob.contents
                    #expect(unlink(blob.string) == 0)
                    switch spoil {
                    case "changed": try blob.write(bytes.dropLast() + [7])
                    case "linked":
                        let real = fixture.folder.appending("real")
                        try real.write(bytes)
                        #expect(symlink(real.string, blob.string) == 0)
                    default: break
                    }
                }
                await #expect(throws: KernelStoreError.self, "\(spoil)") { try await fixture.imports() }
                try fixture.expectNothingThere()
            }
        }
    }

    @Test(
        "a record with a name that is a path, digests that are none, another kernel's image, or another form is refused",
        arguments: [
            ("\"one\"", "\"../../one\""), ("\"sha256\" : \"", "\"sha256\" : \"../"),
            ("\"release\" : \"6.9.0-one\"", "\"release\" : \"6.8.0\""), ("\"format\" : 2", "\"format\" : 3"),
            ("\"kernels\"", "\"colonels\""), ("\"source\" : \"", "\"source\" : \"\\u001b[2J"),
            ("\"source\" :", "\"reference\" : \"oci://host.invalid/a:tag\", \"source\" :"),
            ("\"version\" : \"6.9.0\"", "\"version\" : \"6.12.1\""),
        ]
    )
    func hostileRecord(found: String, replacement: String) async throws {
        try await withFixture { fixture in
            _ = try await fixture.here.export(["one"], to: fixture.file)
            try await fixture.change { inside in
                let manifest = inside.appending("kernels.json")
                let text = String(decoding: try manifest.contents, as: UTF8.self)
                #expect(text.contains(found))
                try manifest.write(text.replacing(found, with: replacement))
            }
            await #expect(throws: KernelStoreError.self) { try await fixture.imports() }
            try fixture.expectNothingThere()
        }
    }

    @Test("a file in it that is larger than any of a kernel, though it is all holes, is refused, and nothing is left")
    func holes() async throws {
        try await withFixture { fixture in
            _ = try await fixture.here.export(["one"], to: fixture.file)
            try await fixture.change(["--sparse"]) { inside in
                let hollow = inside.appending("blobs").appending("hollow")
                try hollow.write("")
                #expect(truncate(hollow.string, off_t(FileLimit.image) + 1) == 0)
            }
            await #expect(throws: KernelStoreError.self) { try await fixture.imports() }
            try fixture.expectNothingThere()
        }
    }

    @Test("what is booted is made from the image, whatever the file has in its place")
    func forged() async throws {
        try await withFixture { fixture in
            let sent = try #require(try await fixture.here.export(["one"], to: fixture.file).first)
            let genuine = try #require(sent.uncompressed)
            let forged = Array("\u{7f}ELF forged".utf8)
            try await fixture.change { inside in
                let digest = ContentDigest(of: forged).hexadecimal
                try inside.appending("blobs").appending(digest).write(forged)
                let manifest = inside.appending("kernels.json")
                let text = String(decoding: try manifest.contents, as: UTF8.self)
                try manifest.write(text.replacing(genuine.sha256, with: digest))
            }
            let arrived = try #require(try await fixture.there.importKernels(from: fixture.file).first).kernel
            #expect(arrived.uncompressed == genuine && arrived.digest == sent.digest)
        }
    }

    @Test("a kernel of the user's own does not take the place of another one of its name")
    func sameName() async throws {
        try await withFixture { fixture in
            _ = try await fixture.here.export(["one"], to: fixture.file)
            let image = fixture.folder.appending("image")
            _ = try await fixture.there.add("one", image: image, modules: nil, config: nil)
            await #expect(throws: KernelStoreError.nameTaken(name: "one")) { try await fixture.imports() }
            // Nor where the file says that its own comes from an archive.
            try await fixture.change { inside in
                let manifest = inside.appending("kernels.json")
                let text = String(decoding: try manifest.contents, as: UTF8.self)
                try manifest.write(text.replacing("added from", with: "Debian"))
            }
            await #expect(throws: KernelStoreError.nameTaken(name: "one")) { try await fixture.imports() }
            #expect(try fixture.there.kernels().map(\.release) == ["6.9.0-two"])
        }
    }
}
