// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import Matrix

@Suite struct InputReaderTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func message(ofInputs path: String) -> String { message { _ = try InputReader.inputs(at: [path]) } }
    private func message(ofObjectsIn path: FilePath) -> String { message { _ = try InputReader.objects(in: path) } }

    @Test("a folder gives its sources, and the objects that have none")
    func folder() async throws {
        try await withScratchFolder { folder in
            for name in ["b.c", "a.bpf.c", "a.bpf.o", "other.o", "notes.txt", ".hidden.c"] {
                try folder.appending(name).write("")
            }
            let inputs = try InputReader.inputs(at: [folder.string])
            #expect(inputs.map { $0.path.lastComponent?.string } == ["a.bpf.c", "b.c", "other.o"])
        }
    }

    @Test("what is not there, or has nothing to test, is told")
    func nothing() async throws {
        try await withScratchFolder { folder in
            #expect(message(ofInputs: "/no/such") == "/no/such: no such file or folder")
            #expect(message(ofInputs: folder.string).contains("no .c and no .o"))
        }
    }

    @Test("files that are no objects say what they are instead")
    func notObjects() async throws {
        try await withScratchFolder { folder in
            let text = folder.appending("text.o")
            try text.write("just words")
            #expect(message(ofObjectsIn: text).contains("not an ELF file"))
            #expect(message(ofObjectsIn: "/bin/true").contains("without a BPF object inside"))

            var builder = ObjectBuilder()
            builder.add("p", section: "socket", [.move(0, 0), .exit])
            let whole = builder.build()
            let cut = folder.appending("cut.o")
            try cut.write(Array(whole.prefix(whole.count - 40)))
            #expect(message(ofObjectsIn: cut).contains(cut.string))
            let empty = folder.appending("empty.o")
            try empty.write(ObjectBuilder().build())
            #expect(message(ofObjectsIn: empty).contains("without programs"))
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
