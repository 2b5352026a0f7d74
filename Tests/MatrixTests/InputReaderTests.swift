// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import Matrix

/// What is taken for an input among what the user named.
@Suite struct InputReaderTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func message(ofInputs path: String, isRecursive: Bool = false) -> String {
        message { _ = try InputReader.inputs(at: [path], isRecursive: isRecursive) }
    }

    static let object: [UInt8] = {
        var builder = ObjectBuilder()
        builder.add("p", section: "socket", [.move(0, 0), .exit])
        return builder.build()
    }()

    /// One whose header is that of an object for big-endian machines.
    static let foreign: [UInt8] = {
        var bytes = object
        bytes[5] = 2
        bytes.swapAt(16, 17)
        bytes.swapAt(18, 19)
        return bytes
    }()

    /// Files by their names; those that end in a slash are folders.
    private func make(_ files: [String: [UInt8]], in folder: FilePath) throws {
        for (name, bytes) in files {
            let path = folder.pushing(FilePath(name))
            try FileManager.default.createDirectory(
                atPath: (name.hasSuffix("/") ? path : path.removingLastComponent()).string,
                withIntermediateDirectories: true
            )
            if !name.hasSuffix("/") { try path.write(bytes) }
        }
    }

    private func names(_ found: FoundInputs, in folder: FilePath) -> [String] {
        found.inputs.map { String($0.path.string.dropFirst(folder.string.count + 1)) }
    }

    @Test("a folder gives its sources, and the objects that have none")
    func folder() async throws {
        try await withScratchFolder { folder in
            try make(
                [
                    "b.c": [], "a.c": [], "a.bpf.o": Self.object, "other.o": Self.object, "notes.txt": [],
                    ".hidden.c": [],
                ],
                in: folder
            )
            let found = try InputReader.inputs(at: [folder.string])
            #expect(names(found, in: folder) == ["a.c", "b.c", "other.o"])
            #expect(found.notes.isEmpty)
        }
    }

    @Test("where sources are called *.bpf.c, the others are user space, and a note says so")
    func userSpace() async throws {
        try await withScratchFolder { folder in
            try make(["foo.bpf.c": [], "bad.bpf.c": [], "foo.c": [], "foo.o": Self.object, "main.c": []], in: folder)
            let found = try InputReader.inputs(at: [folder.string])
            #expect(names(found, in: folder) == ["bad.bpf.c", "foo.bpf.c"])
            #expect(found.notes.count == 1 && found.notes[0].contains("left alone as user space: foo.c, main.c"))
            // Who names a file means it.
            let named = try InputReader.inputs(at: [folder.appending("foo.c").string])
            #expect(named.inputs == [.source(folder.appending("foo.c"))])
        }
    }

    @Test("folders in a folder are searched if that is asked for, without hidden ones and without end in circles")
    func recursion() async throws {
        try await withScratchFolder { folder in
            let bpf = Array("SEC(\"socket\") int p(void) { return 0; }".utf8)
            try make(
                [
                    "a/one.bpf.c": [], "a/b/two.c": bpf, "a/b/main.c": Array("int main(void) { return 0; }".utf8),
                    ".git/x.c": bpf, "c/d/three.o": Self.object, "empty/": [],
                ],
                in: folder
            )
            try FileManager.default.createSymbolicLink(
                atPath: folder.appending("a/b/circle").string,
                withDestinationPath: "../.."
            )
            try FileManager.default.createSymbolicLink(
                atPath: folder.appending("a/self").string,
                withDestinationPath: "self"
            )
            #expect(message(ofInputs: folder.string).contains("subfolders are searched with -r"))
            let found = try InputReader.inputs(at: [folder.string], isRecursive: true)
            #expect(names(found, in: folder) == ["a/one.bpf.c", "a/b/two.c", "c/d/three.o"])
            #expect(
                Set(found.folders) == Set(["", "a", "a/b", "c", "c/d", "empty"].map { folder.pushing(FilePath($0)) })
            )
        }
    }

    @Test("files with objects inside are found, whatever they are called; other files are not")
    func containers() async throws {
        try await withScratchFolder { folder in
            let program = try FilePath("/bin/true").contents
            try make(
                [
                    "tool": program + [0x7f] + Self.object, "plain": program, "libx.so.1": program + Self.object,
                    "prog.elf": Self.object, "image.png": [0x89, 0x50], "host.o": program, "words.o": [0x31],
                    "almost": program + Array(Self.object.prefix(18)),
                ],
                in: folder
            )
            #expect(mkfifo(folder.appending("pipe").string, 0o600) == 0)
            let found = try InputReader.inputs(at: [folder.string])
            #expect(names(found, in: folder) == ["prog.elf", "words.o", "libx.so.1", "tool"])
            #expect(found.inputs.last == .container(folder.appending("tool")))
            let objects = InputReader.read(folder.appending("tool"))
            guard case .object(let object)? = objects.first else {
                Issue.record("\(objects)")
                return
            }
            #expect(objects.count == 1 && object.name == "tool#0")
        }
    }

    @Test("a folder of 10,000 files is searched soon, and what is too large is told")
    func many() async throws {
        try await withScratchFolder { folder in
            let elf = try Array(FilePath("/bin/true").contents.prefix(4096))
            for number in 0..<10_000 {
                let path = "\(folder)/file\(number)"
                #expect(FileManager.default.createFile(atPath: path, contents: Data(number % 10 == 0 ? elf : [])))
            }
            try folder.appending("x.o").write(Self.object)
            let large = folder.appending("large")
            try large.write(elf)
            // Without bytes on the disk.
            #expect(truncate(large.string, 1 << 40) == 0)
            let found = try InputReader.inputs(at: [folder.string])
            #expect(names(found, in: folder) == ["x.o"])
            #expect(found.notes.count == 1 && found.notes[0].contains("too large: \(large)"))
        }
    }

    @Test("of an object for both byte orders the foreign one is left alone; alone, it is an input")
    func byteOrders() async throws {
        try await withScratchFolder { folder in
            try make(
                [
                    "x_bpfel.o": Self.object, "x_bpfeb.o": Self.foreign, "alone_bpfeb.o": Self.foreign,
                    "net_x86_bpfel.o": Self.object,
                ],
                in: folder
            )
            let found = try InputReader.inputs(at: [folder.string])
            #expect(names(found, in: folder) == ["alone_bpfeb.o", "net_x86_bpfel.o", "x_bpfel.o"])
            #expect(found.notes.count == 1 && found.notes[0].contains("x_bpfeb.o: left alone"))
        }
    }

    @Test("what is not there, or has nothing to test, is told")
    func nothing() async throws {
        try await withScratchFolder { folder in
            #expect(message(ofInputs: "/no/such") == "/no/such: no such file or folder")
            let path = folder.string
            #expect(
                message(ofInputs: path)
                    == "\(path): no BPF source or object in this folder (subfolders are searched with -r)"
            )
            #expect(
                message(ofInputs: path, isRecursive: true)
                    == "\(path): no BPF source or object in this folder or its subfolders"
            )
            // One of several that is missing costs no other.
            try make(["x.o": Self.object], in: folder)
            let two = try InputReader.inputs(at: [folder.appending("x.o").string, "/no/such"])
            #expect(two.inputs == [.binary(folder.appending("x.o")), .binary("/no/such")])
        }
    }

    @Test("objects of one name get their folders, and the same bytes are asked once")
    func names() throws {
        func object(_ name: String, _ path: String, _ count: Int) throws -> TestObject {
            var builder = ObjectBuilder()
            for index in 0..<count { builder.add("p\(index)", section: "socket", [.move(0, 0), .exit]) }
            return try TestObject(name: name, path: path, bytes: builder.build(), isCompiled: false)
        }
        let objects = try [object("x.o", "a/x.o", 1), object("x.o", "b/x.o", 2), object("y.o", "c/y.o", 1)]
        let (different, same) = InputReader.different(objects)
        #expect(different.map(\.path) == ["a/x.o", "b/x.o"])
        #expect(same.map(\.object.path) == ["c/y.o"])
        #expect(InputReader.unambiguous(different).map(\.name) == ["a/x.o", "b/x.o"])
    }
}
