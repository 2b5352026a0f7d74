// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import GuestImages

/// What makes an image another image, and what does not.
@Suite struct RecipeTests {
    private static let json = #"""
        [{"name": "parent", "packages": ["make"], "actions": [{"type": "mkdir", "op": {"Dir": "/a"}}]},
         {"name": "image", "parent": "parent", "packages": ["vim"], "image_size": "1G", "actions": [
            {"type": "copy-in", "op": {"LocalPath": "folder", "RemoteDir": "/"}},
            {"type": "upload", "op": {"File": "file", "Dest": "/f"}},
            {"type": "tar-in", "op": {"TarFile": "t.tar", "RemoteDir": "/"}},
            {"type": "install-kernel", "op": {"KernelInstallDir": "kernel"}}]}]
        """#

    private static let base = BaseSystem(mirror: "http://127.0.0.1:1", keyring: "/none")

    private func makeProject(in folder: FilePath) throws {
        for name in ["folder/below", "kernel/boot", "kernel/lib/modules/6.1"] {
            try FileManager.default.createDirectory(
                atPath: folder.appending(name).string,
                withIntermediateDirectories: true
            )
        }
        let files = [
            "folder/a", "folder/below/b", "file", "t.tar", "kernel/boot/vmlinuz-6.1", "kernel/lib/modules/6.1/x.ko",
        ]
        for name in files { try folder.appending(name).write(name) }
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("folder/link").string,
            withDestinationPath: "a"
        )
    }

    private func digest(
        in folder: FilePath,
        json: String = json,
        base: BaseSystem = base,
        format: ImageFormat = .raw
    ) throws -> String {
        let definitions = try ImageDefinitions(decoding: Data(json.utf8), folder: folder)
        return try BuildRecipe(try definitions.resolved("image"), from: definitions, on: base, as: format).digest()
    }

    @Test("each thing that decides what an image becomes changes its digest")
    func changes() async throws {
        try await withScratchFolder { folder in
            try makeProject(in: folder)
            var seen = [try digest(in: folder)]
            func expectNew(_ digest: String, _ what: Comment) {
                #expect(!seen.contains(digest), what)
                seen.append(digest)
            }
            for (old, new) in [
                ("\"vim\"", "\"nano\""), ("\"make\"", "\"gcc\""), ("\"/a\"", "\"/b\""), ("1G", "2G"),
                ("\"/f\"", "\"/g\""), ("mkdir", "run-command"),
            ] {
                let changed = Self.json.replacing(old, with: new).replacing(
                    #""run-command", "op": {"Dir""#,
                    with: #""run-command", "op": {"Cmd""#
                )
                expectNew(try digest(in: folder, json: changed), "\(new)")
            }
            for changed in ["folder/a", "folder/below/b", "file", "t.tar", "kernel/boot/vmlinuz-6.1"] {
                try folder.appending(changed).write("other \(changed)")
                expectNew(try digest(in: folder), "\(changed)")
            }
            try folder.appending("kernel/lib/modules/6.1/y.ko").write("y")
            expectNew(try digest(in: folder), "a new module")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755],
                ofItemAtPath: folder.appending("file").string
            )
            expectNew(try digest(in: folder), "permissions")
            try FileManager.default.removeItem(atPath: folder.appending("folder/link").string)
            try FileManager.default.createSymbolicLink(
                atPath: folder.appending("folder/link").string,
                withDestinationPath: "below"
            )
            expectNew(try digest(in: folder), "a link's target")
            var base = Self.base
            base.suite = "trixie"
            expectNew(try digest(in: folder, base: base), "suite")
            base.components.append("contrib")
            expectNew(try digest(in: folder, base: base), "components")
            base.variant = .apt
            expectNew(try digest(in: folder, base: base), "variant")
            expectNew(try digest(in: folder, format: .qcow2), "format")
        }
    }

    @Test("what does not decide it leaves the digest alone: comments, the mirror, where the project lies, other images")
    func noChanges() async throws {
        try await withScratchFolder { folder in
            let (one, other) = (folder.appending("one"), folder.appending("other"))
            for place in [one, other] { try makeProject(in: place) }
            let digest = try self.digest(in: one)
            #expect(try self.digest(in: other) == digest)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1)],
                ofItemAtPath: one.appending("file").string
            )
            #expect(try self.digest(in: one) == digest)
            try one.appending("kernel/lib/unread").write("x")
            #expect(try self.digest(in: one) == digest)
            let commented = Self.json.replacing(#"{"type": "mkdir","#, with: #"{"type": "mkdir", "comment": "x","#)
            #expect(try self.digest(in: one, json: commented) == digest)
            let bootable = Self.json.replacing(#""image_size""#, with: #""bootable": true, "image_size""#)
            #expect(try self.digest(in: one, json: bootable) == digest)
            let absolute = Self.json.replacing(#""File": "file""#, with: "\"File\": \"\(one.appending("file"))\"")
            #expect(try self.digest(in: one, json: absolute) == digest)
            let more = Self.json.replacing("}]}]", with: #"}]}, {"name": "more"}]"#)
            #expect(try self.digest(in: one, json: more) == digest)
            var base = Self.base
            base.mirror = "http://127.0.0.1:2"
            base.keyring = "/another"
            #expect(try self.digest(in: one, base: base) == digest)
        }
    }

    @Test("files that can't be used are told with the action that names them")
    func badFiles() async throws {
        try await withScratchFolder { folder in
            try makeProject(in: folder)
            func expect(_ old: String, _ new: String, says words: String) {
                let error = #expect(throws: GuestImageError.self) {
                    try digest(in: folder, json: Self.json.replacing(old, with: new))
                }
                #expect(error.map { "\($0)" }?.contains(words) == true, "\(String(describing: error))")
            }
            expect("\"folder\"", "\"nothing\"", says: "action 1 of 'image', copy-in: nothing /: ")
            expect("\"folder\"", "\"nothing\"", says: "nothing: no such file")
            expect("\"file\"", "\"folder\"", says: "it is a folder, not a file")
            expect("\"kernel\"", "\"folder\"", says: "exactly one boot/vmlinuz-… is needed in it; there: none")
            try folder.appending("kernel/boot/vmlinuz-6.2").write("x")
            expect("1G", "2G", says: "there: vmlinuz-6.1, vmlinuz-6.2")
            try #require(mkfifo(folder.appending("folder/pipe").string, 0o600) == 0)
            expect("1G", "2G", says: "folder/pipe: neither a file nor a folder nor a link")
        }
    }

    @Test("file systems are as large as asked for, or as their content needs, and have an inode for every file")
    func plans() {
        let usual = FileSystemPlan(content: 300 << 20, files: 10_000, size: nil)
        #expect(usual.needed > 300 << 20 && usual.size > usual.needed + (192 << 20) && usual.size % 4096 == 0)
        #expect(FileSystemPlan(content: 300 << 20, files: 10_000, size: 8 << 30).size == 8 << 30)
        #expect(FileSystemPlan(content: 300 << 20, files: 10_000, size: 8 << 30).inodes == 524_288)
        let many = FileSystemPlan(content: 400 << 20, files: 100_000, size: nil)
        #expect(many.inodes > 100_000)
    }

    @Test("the log knows where it is, and what was said there")
    func log() throws {
        let json = #"[{"name": "a", "actions": [{"type": "run-command", "op": {"Cmd": "x"}}]}]"#
        let steps = try ImageDefinitions(decoding: Data(json.utf8), folder: ".").resolved("a").steps
        var log = BuildLog(image: "a", mark: "mark-1", steps: steps)
        #expect(log.add("I: running apt-get update...") == .installing(image: "a", "running apt-get update"))
        #expect(log.add("W: something") == nil)
        #expect(log.place == "running apt-get update" && log.output == "    W: something")
        let step = "action 1 of 'a', run-command: x"
        #expect(log.add("mark-1 00000") == .acting(image: "a", step: step, number: 1, of: 1))
        // What an action prints is not taken for mmdebstrap's words, nor for another build's.
        for line in ["I: installing nothing...", "mark-2 end"] { #expect(log.add(line) == nil) }
        for index in 0..<30 { #expect(log.add("line \(index)") == nil) }
        #expect(log.add("mark-1 failed 7") == nil)
        #expect(log.add("E: setup failed") == nil)
        #expect(log.place == step && log.failure == "exit status 7")
        #expect(log.tail.first == "line 10" && log.tail.last == "line 29")
    }

    @Test("a base system that would break sources.list has no line there")
    func sources() {
        let base = BaseSystem(mirror: "http://127.0.0.1/debian", keyring: "/k.gpg", components: ["main", "contrib"])
        #expect(base.source == "deb [signed-by=/k.gpg] http://127.0.0.1/debian bookworm main contrib")
        for broken in ["", "http://x y", "http://x\ndeb", "[trusted=yes]"] {
            #expect(BaseSystem(mirror: broken, keyring: "/k.gpg").source == nil)
        }
        #expect(BaseSystem(mirror: "http://x", suite: "--help", keyring: "/k.gpg").source == nil)
        #expect(BaseSystem(mirror: "http://x", keyring: "/k.gpg", components: []).source == nil)
    }
}
