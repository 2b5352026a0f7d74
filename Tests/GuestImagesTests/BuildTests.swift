// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import KernelStore
import SystemPackage
import TestKernels
import Testing

@testable import GuestImages

/// Real images, of the smallest system that there is, from the archive that this machine uses.
@Suite struct BuildTests {
    private func base() async throws -> BaseSystem {
        let archive = try await PackageArchive.debian()
        return BaseSystem(mirror: archive.main, keyring: archive.keyring, variant: .essential)
    }

    private func definitions(_ json: String, in folder: FilePath) throws -> ImageDefinitions {
        try ImageDefinitions(decoding: Data(json.utf8), folder: folder)
    }

    /// What debugfs(8) says of a file system.
    private func ask(_ request: String, _ image: FilePath) async throws -> String {
        let result = try await Command("debugfs", ["-R", request, image.string]).run(within: .seconds(60))
        try #require(result.ending.isSuccess, "\(result.errorText)")
        return result.outputText
    }

    private func expectNothingLeft(in root: FilePath) throws {
        let unfinished = root.appending("images/unfinished")
        #expect(try FileManager.default.contentsOfDirectory(atPath: unfinished.string).isEmpty)
        let rest = try FileManager.default.contentsOfDirectory(atPath: root.appending("images").string)
        #expect(rest.allSatisfy { $0 == "unfinished" || $0.hasSuffix(".lock") }, "\(rest)")
    }

    private func makeProject(in folder: FilePath) async throws {
        for name in ["folder", "kernel/boot", "kernel/lib/modules/6.1"] {
            try FileManager.default.createDirectory(
                atPath: folder.appending(name).string,
                withIntermediateDirectories: true
            )
        }
        try folder.appending("folder/it's \"one\" $HOME").write("copied")
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("folder/link").string,
            withDestinationPath: "/etc/passwd"
        )
        try folder.appending("tool").write("#!/bin/sh\necho tool\n")
        let permissions: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
        try FileManager.default.setAttributes(permissions, ofItemAtPath: folder.appending("tool").string)
        try folder.appending("kernel/boot/vmlinuz-6.1").write("kernel")
        try folder.appending("kernel/lib/modules/6.1/x.ko").write("module")
        try folder.appending("packed").write("packed")
        let tar = ["--owner=33", "--group=33", "-cJf", "files.tar.xz", "packed"]
        let packing = Command("tar", tar, workingDirectory: folder)
        #expect(try await packing.run(within: .seconds(30)).ending.isSuccess)
    }

    private static let everything = #"""
        [{"name": "root", "actions": [{"type": "mkdir", "op": {"Dir": "/made/by the parent"}}]},
         {"name": "all.qcow2", "parent": "root", "packages": ["hello"], "image_size": "600M", "bootable": true, "actions": [
            {"type": "run-command", "op": {"Cmd": "chown games: '/made/by the parent'; id -u >/who; pwd >>/who"}},
            {"type": "run-command", "op": {"Cmd": "ln -s /etc/trap /trap; mkdir /etc/trap"}},
            {"type": "copy-in", "op": {"LocalPath": "folder", "RemoteDir": "/trap"}},
            {"type": "upload", "op": {"File": "tool", "Dest": "/usr/local/bin/a tool"}},
            {"type": "chmod", "op": {"Permissions": "04711", "File": "/usr/local/bin/a tool"}},
            {"type": "run-command", "op": {"Cmd": "'/usr/local/bin/a tool' >/said; printf unended >/lines"}},
            {"type": "append-line", "op": {"File": "/lines", "Line": "it's \"$(id)\" \\n"}},
            {"type": "append-line", "op": {"File": "/new; touch oops", "Line": ""}},
            {"type": "link", "op": {"Target": "/said", "Link": "/made/link"}},
            {"type": "install-kernel", "op": {"KernelInstallDir": "kernel"}},
            {"type": "tar-in", "op": {"TarFile": "files.tar.xz", "RemoteDir": "/opt"}},
            {"type": "set-hostname", "op": {"Hostname": "vm-1"}}]}]
        """#

    @Test("every action does what it says, in the image and as root; two builds at once are one; then it is there")
    func everything() async throws {
        try await withScratchFolder { folder in
            try await makeProject(in: folder)
            let store = try GuestImageStore(root: folder.appending("store"))
            let definitions = try definitions(Self.everything, in: folder)
            let base = try await base()
            let (told, continuation) = AsyncStream.makeStream(of: BuildProgress.self)
            async let one = store.build("all.qcow2", of: definitions, on: base) { continuation.yield($0) }
            async let other = store.build("all.qcow2", of: definitions, on: base) { continuation.yield($0) }
            let images = try await [one, other]
            continuation.finish()
            let image = images[0]
            #expect(image == images[1])
            var progress: [BuildProgress] = []
            for await event in told { progress.append(event) }
            #expect(progress.filter { $0 == .writing(image: "all.qcow2", .qcow2) }.count == 1)
            #expect(progress.contains(.waiting(image: "all.qcow2")))
            #expect(progress.contains { if case .note(let text) = $0 { text.contains("bootable") } else { false } })
            let mkdir = "action 1 of 'root', mkdir: /made/by the parent"
            #expect(progress.contains(.acting(image: "all.qcow2", step: mkdir, number: 1, of: 13)))

            #expect(image.format == .qcow2 && image.suite == "bookworm")
            #expect(ContentDigest(ofFile: image.path)?.hexadecimal == image.sha256)
            #expect(image.packages["hello"] != nil && image.packages["dpkg"] != nil)
            #expect(try store.images() == [image])
            #expect(try store.image(named: "all.qcow2") == image)
            #expect(try store.built("all.qcow2", of: definitions, on: base) == image)
            #expect(try store.built("all.qcow2", of: definitions, on: base, as: .raw) == nil)
            try await check(image, in: folder)
            try await store.remove("all.qcow2")
            try expectNothingLeft(in: folder.appending("store"))
        }
    }

    private func check(_ image: GuestImage, in folder: FilePath) async throws {
        let raw = folder.appending("raw")
        let conversion = Command("qemu-img", ["convert", "-O", "raw", image.path.string, raw.string])
        #expect(try await conversion.run(within: .seconds(120)).ending.isSuccess)
        let length = try FileManager.default.attributesOfItem(atPath: raw.string)[.size] as? Int
        #expect(length == 600 << 20)
        let check = try await Command("e2fsck", ["-f", "-n", raw.string]).run(within: .seconds(120))
        #expect(check.ending.isSuccess, "\(check.outputText)")

        #expect(try await ask("cat /who", raw) == "0\n/\n")
        let made = try await ask("stat \"/made/by the parent\"", raw)
        #expect(made.contains(/User: +5 +Group: +60[ ]/), "\(made)")
        // Into the image's /etc and not this machine's: an absolute link was followed inside.
        #expect(try await ask("cat \"/etc/trap/folder/it's \"\"one\"\" $HOME\"", raw) == "copied")
        #expect(!FileManager.default.fileExists(atPath: "/etc/trap"))
        #expect(try await ask("stat /etc/trap/folder/link", raw).contains("Fast link dest: \"/etc/passwd\""))
        let tool = try await ask("stat \"/usr/local/bin/a tool\"", raw)
        #expect(tool.contains("Mode:  04711") && tool.contains(/User: +0 +Group: +0[ ]/), "\(tool)")
        #expect(try await ask("cat /said", raw) == "tool\n")
        #expect(try await ask("cat /lines", raw) == "unended\nit's \"$(id)\" \\n\n")
        #expect(try await ask("cat \"/new; touch oops\"", raw) == "\n")
        #expect(try await ask("stat /oops", raw).isEmpty)
        #expect(try await ask("stat /made/link", raw).contains("Fast link dest: \"/said\""))
        #expect(try await ask("cat /boot/vmlinuz-6.1", raw) == "kernel")
        #expect(try await ask("cat /usr/lib/modules/6.1/x.ko", raw) == "module")
        #expect(try await ask("stat /vmlinuz", raw).contains("Fast link dest: \"/boot/vmlinuz-6.1\""))
        #expect(try await ask("cat /opt/packed", raw) == "packed")
        #expect(try await ask("stat /opt/packed", raw).contains(/User: +33 +Group: +33[ ]/))
        #expect(try await ask("cat /etc/hostname", raw) == "vm-1\n")
        #expect(try await ask("cat /etc/hosts", raw).contains("127.0.1.1 vm-1\n"))
        // A setgid folder of another group, as Debian has it: owners are the image's own.
        #expect(try await ask("stat /var/mail", raw).contains(/User: +0 +Group: +8[ ]/))
        // Nothing of the build, and nothing of this machine.
        #expect(try await ask("stat /.bpfmatrix", raw).isEmpty)
        #expect(try await ask("cat /etc/resolv.conf", raw).isEmpty)
        #expect(try await ask("ls /etc/apt/apt.conf.d", raw).contains("mmdebstrap") == false)
    }

    @Test("a command that fails is told with what it printed, and nothing is left")
    func failure() async throws {
        try await withScratchFolder { folder in
            let store = try GuestImageStore(root: folder.appending("store"))
            let command = "echo going on; echo >&2 it can not be done; exit 7"
            let json = #"[{"name": "bad", "actions": [{"type": "run-command", "op": {"Cmd": "\#(command)"}}]}]"#
            let definitions = try definitions(json, in: folder)
            let base = try await base()
            let error = await #expect(throws: GuestImageError.self) {
                try await store.build("bad", of: definitions, on: base) { _ in }
            }
            #expect(
                error
                    == .stepFailed(
                        image: "bad",
                        step: "action 1 of 'bad', run-command: \(command)",
                        reason: "exit status 7",
                        output: "    going on\n    it can not be done"
                    )
            )
            try expectNothingLeft(in: folder.appending("store"))
        }
    }

    @Test("a build that is cancelled leaves neither processes nor files, also of commands that went to the background")
    func cancellation() async throws {
        try await withScratchFolder { folder in
            let store = try GuestImageStore(root: folder.appending("store"))
            // A number that no other process is told to sleep for.
            let sleep = "sleep 1000000.\(UInt32.random(in: 0...UInt32.max))"
            let argument = sleep.dropFirst("sleep ".count)
            let json = #"""
                [{"name": "slow", "actions": [{"type": "run-command", "op": {"Cmd": "setsid \#(sleep) & \#(sleep)"}}]}]
                """#
            let definitions = try definitions(json, in: folder)
            let base = try await base()
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await store.build("slow", of: definitions, on: base) { _ in } }
                group.addTask {
                    let began = try await Processes.wait(forArgument: "\(argument)", within: .seconds(300)) {
                        $0.count(where: { Processes.isNamed("sleep", $0) }) == 2
                    }
                    #expect(began)
                    throw CancellationError()
                }
                await #expect(throws: CancellationError.self) { try await group.next() }
                group.cancelAll()
            }
            let ended = try await Processes.wait(forArgument: "\(argument)", within: .seconds(30)) { $0.isEmpty }
            #expect(ended)
            try expectNothingLeft(in: folder.appending("store"))
        }
    }

    @Test("an archive that is not signed with the keys given is refused, and nothing is left")
    func foreignKeys() async throws {
        try await withScratchFolder { folder in
            let store = try GuestImageStore(root: folder.appending("store"))
            let definitions = try definitions(#"[{"name": "a"}]"#, in: folder)
            var base = try await base()
            base.keyring = folder.appending("none.gpg")
            await #expect(throws: GuestImageError.self) {
                try await store.build("a", of: definitions, on: base) { _ in }
            }
            try folder.appending("none.gpg").write("")
            let error = await #expect(throws: GuestImageError.self) {
                try await store.build("a", of: definitions, on: base) { _ in }
            }
            #expect(error.map { "\($0)" }?.contains("running apt-get update") == true, "\(String(describing: error))")
            try expectNothingLeft(in: folder.appending("store"))
        }
    }

    @Test("what a killed build has left is swept by the next one who opens the store")
    func sweep() async throws {
        try await withScratchFolder { folder in
            let root = folder.appending("store")
            _ = try GuestImageStore(root: root)
            let left = root.appending("images/unfinished/0000000000abc")
            try FileManager.default.createDirectory(
                atPath: left.appending("tree").string,
                withIntermediateDirectories: true
            )
            let cage = try await Cage.find()
            // A folder of another id, which in a user's build only the user's namespace can empty.
            let script = #"mkdir "$1/tree/other" && touch "$1/tree/other/file" && chown -R 33:33 "$1/tree/other""#
            let making = try cage.command("sh", ["-c", script, "sh", left.string], in: left)
            let made = try await making.run(within: .seconds(30))
            try #require(made.ending.isSuccess, "\(made.errorText)")
            _ = try GuestImageStore(root: root)
            try expectNothingLeft(in: root)
        }
    }
}
