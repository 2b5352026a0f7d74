// SPDX-License-Identifier: Apache-2.0

import BPFObject
import ChildProcess
import Matrix
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

/// Real objects, read by us and by libbpf; no kernel is asked.
@Suite struct LibbpfToolsObjectTests {
    @Test("every object of libbpf-tools has the maps and programs, in their order, that libbpf finds in it")
    func lists() async throws {
        let bpftool = try #require(try await BPFTool.locate())
        let objects = try LibbpfTools.objects()
        #expect(objects.count >= 50, "libbpf-tools has 52 objects in Debian 12")
        try await withScratchFolder { folder in
            for object in objects {
                // libbpf puts letters of the file's name before the names of its own maps.
                let path = folder.appending("o.o")
                try path.write(object.bytes)
                let skeleton = try await Command(bpftool.path.string, ["gen", "skeleton", path.string])
                    .run(within: .seconds(60)).outputText
                let contents = try ObjectContents(object.bytes)
                let maps = contents.maps.map { $0.origin == .declared ? $0.name : "o\($0.name)" }
                // libbpf's kernel has 15 letters for a name.
                #expect(maps.map { String($0.prefix(15)) } == Self.names("maps", in: skeleton), "\(object.name)")
                #expect(contents.programs.map(\.name) == Self.names("progs", in: skeleton), "\(object.name)")
            }
        }
    }

    /// `s->maps[3].name = "events";`
    private static func names(_ list: String, in skeleton: String) -> [String] {
        skeleton.split(separator: "\n").compactMap { line in
            guard line.contains("s->\(list)["), let name = line.firstMatch(of: #/\.name = "(.*)";/#)?.1 else {
                return nil
            }
            return list == "maps" ? String(name.prefix(15)) : String(name)
        }
    }

    @Test("every program of libbpf-tools has a line for each of its helpers, and relocations where its functions are")
    func lines() throws {
        var calls = 0
        var unknown = 0
        var relocations = 0
        for object in try LibbpfTools.objects() {
            let contents = try ObjectContents(object.bytes)
            for program in try contents.linkedPrograms() {
                #expect(program.instructions.count == program.layout.instructionCount)
                for call in program.helperCalls {
                    calls += 1
                    if program.source(atInstruction: call.instruction) == nil { unknown += 1 }
                    #expect(HelperName.isKnown(call.thing))
                }
            }
            relocations += contents.relocations.count
            #expect(contents.relocations.count == contents.functions.reduce(0) { $0 + $1.relocations.count })
        }
        #expect(calls > 1000)
        #expect(relocations > 500)
        // The compiler blames no line for some.
        #expect(unknown < calls / 5, "\(unknown) of \(calls)")
    }
}
