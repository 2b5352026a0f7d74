// SPDX-License-Identifier: Apache-2.0

import ELF
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import Compiler

/// Which flags a source is compiled with, and what they make of it.
@Suite struct CompilerFlagsTests {
    @Test(
        "the code suits the oldest kernel",
        arguments: [
            ([4, 9], "v1", true), ([4, 14, 3], "v2", true), ([4, 19], "v2", true), ([5, 0, 21], "v2", true),
            ([5, 1], "v3", true), ([5, 10, 262], "v3", true), ([5, 11], "v3", true), ([5, 12], "v3", false),
            ([6, 1, 192], "v3", false), ([7, 3], "v3", false), ([], "v3", true),
        ] as [([Int], String, Bool)]
    )
    func choice(version: [Int], instructionSet: String, hasPlainAdds: Bool) {
        let choice = CodeChoice(oldestKernel: version)
        #expect(choice.instructionSet?.rawValue == instructionSet)
        #expect(choice.hasPlainAdds == hasPlainAdds)
    }

    @Test("an instruction set that the user names is known, however it is named; the last one wins")
    func named() {
        #expect(CompilerFlags().namedInstructionSet == nil)
        #expect(CompilerFlags(mcpu: "v2").namedInstructionSet == "v2")
        #expect(CompilerFlags(others: ["-mcpu=v4"]).namedInstructionSet == "v4")
        #expect(CompilerFlags(mcpu: "v2", others: ["-O1", "-mcpu=v4"]).namedInstructionSet == "v4")
        #expect(CompilerFlags(others: ["-Xclang", "-target-cpu", "-Xclang", "v1"]).namedInstructionSet == "v1")
        #expect(CompilerFlags(others: ["-mllvm", "-x"]).namedInstructionSet == nil)
    }

    @Test("the user's flags come as they would on a command line")
    func order() {
        let flags = CompilerFlags(includeFolders: ["a", "b"], definitions: ["X", "Y=1"], mcpu: "v2", others: ["-O1"])
        #expect(flags.arguments == ["-Ia", "-Ib", "-DX", "-DY=1", "-mcpu=v2", "-O1"])
    }

    // MARK: What comes of them

    private static let opening = """
        #define SEC(name) __attribute__((section(name), used))
        typedef unsigned long long u64;
        char LICENSE[] SEC("license") = "GPL";
        u64 hits, mine;
        unsigned int few;

        """

    private func compile(_ code: String, _ settings: CompilerSettings) async throws -> (CompiledObject, bytes: [UInt8])
    {
        try await withScratchFolder { folder in
            let source = folder.appending("atomic.c")
            try source.write(Self.opening + code)
            let object = try await Compiler(cache: folder.appending("cache")).compile(source, settings)
            return (object, try object.path.contents)
        }
    }

    private static let unused = """
        SEC("socket") int add(void *c) { __sync_fetch_and_add(&hits, 1); return 0; }
        SEC("socket") int add32(void *c) { __sync_fetch_and_add(&few, 1); return 0; }
        SEC("socket") int addBefore(void *c) { __sync_add_and_fetch(&hits, 1); return 0; }
        SEC("socket") int subtract(void *c) { __sync_fetch_and_sub(&hits, 1); return 0; }
        SEC("socket") int subtractBefore(void *c) { __sync_sub_and_fetch(&hits, 1); return 0; }

        """

    @Test("for kernels before 5.12 an atomic add without a use for its result fetches nothing")
    func plainAdds() async throws {
        for version in [[5, 10], [4, 19], []] {
            let (object, bytes) = try await compile(
                Self.unused,
                CompilerSettings(code: CodeChoice(oldestKernel: version))
            )
            #expect(try AtomicCode.all(in: bytes) == [AtomicCode](repeating: .add, count: 5), "\(version)")
            #expect(object.notes.isEmpty)
        }
    }

    @Test("an instruction set of the user's own is taken as it is, with what the compiler makes of it")
    func ownInstructionSet() async throws {
        let old = CodeChoice(oldestKernel: [5, 10])
        let clang = try await Clang.locate()
        for flags in [CompilerFlags(mcpu: "v3"), CompilerFlags(others: ["-mcpu=v3"])] {
            let (object, bytes) = try await compile(Self.unused, CompilerSettings(code: old, flags: flags))
            #expect(object.instructionSet == "v3")
            #expect(try AtomicCode.all(in: bytes).contains(.fetchingAdd) == clang.abilities.ordersAtomics)
            #expect(!object.flags.contains { $0.contains("__sync_") })
        }
    }

    @Test("where the value is used it is fetched, correctly, and a note says what that takes")
    func usedResult() async throws {
        let code = """
            SEC("socket") int number(void *c) { mine = __sync_fetch_and_add(&hits, 1); return 0; }

            """
        for version in [[5, 10], [4, 19]] {
            let (object, bytes) = try await compile(
                code,
                CompilerSettings(code: CodeChoice(oldestKernel: version))
            )
            #expect(try AtomicCode.all(in: bytes) == [.fetchingAdd], "\(version)")
            #expect(object.notes.count == 1 && object.notes[0].contains("Linux 5.12"), "\(object.notes)")
            #expect(object.instructionSet == "v3")
        }
    }

    @Test("cold code stays in its function, so that libbpf does not meet a static one")
    func coldCode() async throws {
        let code = """
            void __attribute__((cold, noinline)) rare(void) { asm volatile(""); }
            SEC("socket") int program(int *c) {
                if (__builtin_expect(*c == 7, 0)) { rare(); hits += *c; rare(); mine = hits * 3; rare(); }
                return 0;
            }

            """
        let (_, bytes) = try await compile(code, CompilerSettings())
        #expect(bytes.firstRange(of: Array(".cold".utf8)) == nil)
    }

    @Test("-I and -D of the user's; a folder of theirs goes before all others")
    func includes() async throws {
        try await withScratchFolder { folder in
            let source = folder.appending("program.c")
            try source.write(
                """
                #include <bpf/bpf_helpers.h>
                #if OWN != 3
                #error not the user's
                #endif
                int value = VALUE;
                """
            )
            let own = folder.appending("own").appending("bpf")
            try FileManager.default.createDirectory(atPath: own.string, withIntermediateDirectories: true)
            try own.appending("bpf_helpers.h").write("#define OWN 3\n")
            let flags = CompilerFlags(
                includeFolders: [folder.appending("own").string],
                definitions: ["VALUE=7"]
            )
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let object = try await compiler.compile(source, CompilerSettings(flags: flags))
            #expect(object.inputs.contains(own.appending("bpf_helpers.h")))
            #expect(object.flags.contains("-DVALUE=7"))
        }
    }

    @Test("an old form of debug information, which the user wants, can be had")
    func oldDebugFormat() async throws {
        let (_, bytes) = try await compile(
            Self.unused,
            CompilerSettings(flags: CompilerFlags(others: ["-gdwarf-4"]))
        )
        #expect(bytes.firstRange(of: Array("__sync_fetch_and_sub(&hits, 1); return 0; }".utf8)) != nil)
    }
}

/// An atomic operation of a program.
enum AtomicCode: Hashable {
    case add
    case fetchingAdd
    case other

    /// All atomic operations of an object, in their order (`BPF_STX | BPF_ATOMIC`; Documentation/bpf/standardization).
    static func all(in bytes: [UInt8]) throws -> [AtomicCode] {
        let file = try ELFFile(bytes)
        var found: [AtomicCode] = []
        for section in file.sections where section.isExecutable {
            let bytes = Array(try file.contents(of: section))
            for start in stride(from: 0, to: bytes.count - 7, by: 8) where [0xdb, 0xc3].contains(bytes[start]) {
                found.append(bytes[start + 4] == 0 ? .add : bytes[start + 4] == 1 ? .fetchingAdd : .other)
            }
        }
        return found
    }
}
