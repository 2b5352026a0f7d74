// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import Inspection
import SystemPackage
import TestKernels
import TestObjects
import Testing

/// `bpfmatrix inspect`, the command itself: no kernel, no guest.
@Suite struct InspectTests {
    private static let code = """
        struct { __uint(type, 1); __uint(max_entries, 1); __type(key, u32); __type(value, u64); } table SEC(".maps");
        SEC("kprobe/do_exit") int entry(void *context) {
            u32 key = 1;
            return bpf_map_lookup_elem(&table, &key) != 0;
        }
        SEC("xdp") int other(void *context) { return 2; }
        """

    @Test("an object is told with its programs and maps, and one program with its instructions")
    func object() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("good.o")
            try path.write(try CompiledObject.bytes(Self.code))
            let whole = try await Tool.run(["inspect", path.string])
            #expect(whole.status == 0, "\(whole.errors)")
            #expect(whole.output.contains("kprobe/do_exit"))
            #expect(whole.output.contains("table"))
            #expect(!whole.output.contains("\u{1b}"), "colours in a pipe")
            let one = try await Tool.run(["inspect", path.string, "--program", "entry", "--instructions"])
            #expect(one.output.contains("(85) call bpf_map_lookup_elem#1"), "\(one.output)")
            #expect(!one.output.contains("other"))
            let json = try await Tool.run(["inspect", path.string, "--json"])
            let inspection = try JSONDecoder().decode(Inspection.self, from: Data(json.output.utf8))
            #expect(inspection.schema == Inspection.schema)
            #expect(inspection.objects.first?.programs.map(\.name) == ["entry", "other"])
        }
    }

    @Test("a program that is not there is told, with those that are")
    func noSuchProgram() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("good.o")
            try path.write(try CompiledObject.bytes(Self.code))
            let outcome = try await Tool.run(["inspect", path.string, "--program", "nothing"])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("no program is called nothing; there are entry, other"))
            let both = try await Tool.run(["inspect", path.string, "--json", "--instructions"])
            #expect(both.status == 64)
        }
    }

    /// What is written into the file, and what is said of it.
    private static func bad() throws -> [(name: String, bytes: [UInt8], words: String)] {
        let good = try CompiledObject.bytes(Self.code)
        var types = good
        // The types' own beginning, wherever the section lies.
        let magic: [UInt8] = [0x9f, 0xeb, 0x01, 0x00]
        for start in types.indices.dropLast(4) where Array(types[start..<start + 4]) == magic { types[start] = 0 }
        return [
            ("words.o", Array("just words".utf8), "not an ELF file"),
            ("empty.o", [], "not an ELF file"),
            ("cut.o", Array(good.dropLast(good.count / 3)), "truncated ELF file"),
            ("other.o", Array(try FilePath("/bin/true").contents), "without a BPF object inside"),
            ("types.o", types, "damaged type information"),
        ]
    }

    @Test("what is no object, or a damaged one, is told in one line and is exit status 1")
    func bad() async throws {
        try await withScratchFolder { folder in
            for (name, bytes, words) in try Self.bad() {
                let path = folder.appending(name)
                try path.write(bytes)
                let outcome = try await Tool.run(["inspect", path.string])
                #expect(outcome.status == 1, "\(name)")
                #expect(outcome.errors.contains("\(path): "), "\(outcome.errors)")
                #expect(outcome.errors.contains(words), "\(outcome.errors)")
                #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
            }
            let nothing = try await Tool.run(["inspect", folder.appending("none").string])
            #expect(nothing.status == 1)
            #expect(nothing.errors.contains("no such file or folder"))
        }
    }

    @Test("what can be read is told even where something beside it can't")
    func some() async throws {
        try await withScratchFolder { folder in
            try folder.appending("a.o").write("just words")
            try folder.appending("b.o").write(try CompiledObject.bytes(Self.code))
            let outcome = try await Tool.run(["inspect", folder.string])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("a.o: not an ELF file"))
            #expect(outcome.output.contains("kprobe/do_exit"))
        }
    }
}
