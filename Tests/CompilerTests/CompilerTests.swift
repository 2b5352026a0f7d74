// SPDX-License-Identifier: Apache-2.0

import ELF
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import Compiler

@Suite struct CompilerTests {
    private let source = """
        #define SEC(name) __attribute__((section(name), used))
        #include "value.h"
        SEC("socket") int program(void *context) { return VALUE; }
        char LICENSE[] SEC("license") = "GPL";
        """

    @Test("an unchanged source is compiled once; a changed source, header or option is compiled anew")
    func once() async throws {
        try await withScratchFolder { folder in
            let program = folder.appending("program.c")
            let header = folder.appending("value.h")
            try program.write(source)
            try header.write("#define VALUE 1\n")
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let first = try await compiler.compile(program)
            #expect(!first.isReused)
            let second = try await compiler.compile(program)
            #expect(second.isReused)
            #expect(second.path == first.path)

            try header.write("#define VALUE 2\n")
            let third = try await compiler.compile(program)
            #expect(!third.isReused)
            #expect(third.path != first.path)

            #expect(try await !compiler.compile(program, CompilerSettings(architecture: .arm64)).isReused)
        }
    }

    @Test("what a source that does not compile includes is known, what is missing too")
    func inputsOfBroken() async throws {
        try await withScratchFolder { folder in
            let sources = folder.appending("src")
            try FileManager.default.createDirectory(atPath: sources.string, withIntermediateDirectories: true)
            let broken = sources.appending("broken.c")
            try broken.write("#include \"../missing.h\"\n#include \"../there.h\"\n#error no\n")
            try folder.appending("there.h").write("")
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let error = await #expect(throws: CompileError.self) { try await compiler.compile(broken) }
            guard case .rejected(let rejection)? = error else {
                Issue.record("\(String(describing: error))"); return
            }
            let names = rejection.inputs.map { FilePath($0).lexicallyNormalized().string }
            #expect(
                Set(names) == Set(["src/broken.c", "missing.h", "there.h"].map { folder.pushing(FilePath($0)).string })
            )
        }
    }

    @Test("an object that was damaged in the cache is not handed out")
    func damaged() async throws {
        try await withScratchFolder { folder in
            let program = folder.appending("program.c")
            try program.write(source)
            try folder.appending("value.h").write("#define VALUE 1\n")
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let first = try await compiler.compile(program)
            let bytes = try first.path.contents
            try first.path.write(Array(bytes.dropLast(1)))
            let second = try await compiler.compile(program)
            #expect(!second.isReused)
            #expect(try second.path.contents == bytes)
        }
    }

    @Test("the same source gives the same bytes wherever it lies")
    func reproducible() async throws {
        try await withScratchFolder { folder in
            var objects: [[UInt8]] = []
            for name in ["here", "there"] {
                let place = folder.appending(name)
                try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
                try place.appending("program.c").write(source)
                try place.appending("value.h").write("#define VALUE 1\n")
                let compiler = try await Compiler(cache: place.appending("cache"))
                objects.append(try await compiler.compile(place.appending("program.c")).path.contents)
            }
            #expect(objects[0] == objects[1])
        }
    }

    @Test("the object has the lines of its source, for the verifier to quote", arguments: [true, false])
    func lines(isAbsolute: Bool) async throws {
        try await withScratchFolder { folder in
            let program = folder.appending("program.c")
            try program.write(source)
            try folder.appending("value.h").write("#define VALUE 1\n")
            let here = FilePath(FileManager.default.currentDirectoryPath)
            let up = FilePath(String(repeating: "../", count: here.components.count))
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let name = isAbsolute ? program : up.appending(program.components)
            let object = try await compiler.compile(name).path.contents
            #expect(object.firstRange(of: Array("int program(void *context) { return VALUE; }".utf8)) != nil)
        }
    }

    @Test("the object has types and lines as BTF, and no DWARF")
    func stripped() async throws {
        try await withScratchFolder { folder in
            let program = folder.appending("program.c")
            try program.write(source)
            try folder.appending("value.h").write("#define VALUE 1\n")
            let object = try await Compiler(cache: folder.appending("cache")).compile(program).path.contents
            let sections = try ELFFile(object).sections.map(\.name)
            #expect(sections.contains(".BTF") && sections.contains(".BTF.ext"), "\(sections)")
            #expect(!sections.contains { $0.contains(".debug_") }, "\(sections)")
        }
    }

    @Test("what clang refuses comes with its own words, file and line; what it warns of is kept")
    func diagnostics() async throws {
        try await withScratchFolder { folder in
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let broken = folder.appending("broken.c")
            try broken.write("int one(void) { return 1; }\nint two(void) { return nothing; }\n")
            let error = await #expect(throws: CompileError.self) { try await compiler.compile(broken) }
            #expect(
                error.map { "\($0)" }?.contains("broken.c:2:24: error: use of undeclared identifier 'nothing'") == true
            )

            let doubtful = folder.appending("doubtful.c")
            try doubtful.write("int one(void) { int unused; return 1; }\n")
            for _ in 0..<2 {
                let compiled = try await compiler.compile(doubtful)
                #expect(
                    compiled.warnings.contains("warning: unused variable 'unused'"),
                    "once compiled, or taken from the cache"
                )
            }
        }
    }

    @Test("<linux/bpf.h> and libbpf's headers are found")
    func headers() async throws {
        try await withScratchFolder { folder in
            let program = folder.appending("classic.c")
            try program.write(
                """
                #include <linux/bpf.h>
                #include <bpf/bpf_helpers.h>
                SEC("xdp") int pass(struct xdp_md *context) { return XDP_PASS; }
                char LICENSE[] SEC("license") = "GPL";
                """
            )
            let compiler = try await Compiler(cache: folder.appending("cache"))
            #expect(try await compiler.compile(program).warnings == "")
        }
    }

    @Test("a clang without the BPF target is named, and so is none at all")
    func noClang() async throws {
        try await withScratchFolder { folder in
            let fake = folder.appending("clang")
            try fake.write("#!/bin/sh\necho '  x86-64 - 64-bit X86'\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.string)
            let environment = ["PATH": "\(folder):/usr/bin:/bin", "BPFMATRIX_CLANG": fake.string]
            await #expect(throws: CompileError.noCompiler(found: [fake.string])) {
                try await Clang.locate(environment: environment)
            }
            await #expect(throws: CompileError.noCompiler(found: [])) {
                try await Clang.locate(environment: ["PATH": "/nowhere"])
            }
        }
    }

    @Test("a compiler that does not end is ended, and the source is named")
    func limit() async throws {
        try await withScratchFolder { folder in
            let clang = try await Clang.locate()
            let slow = folder.appending("slow")
            try slow.write("#!/bin/sh\ncase \"$*\" in *program.c*) sleep 600 ;; esac\nexec '\(clang.path)' \"$@\"\n")
            #expect(chmod(slow.string, 0o755) == 0)
            let program = folder.appending("program.c")
            try program.write("")
            let environment = ProcessInfo.processInfo.environment.merging(["BPFMATRIX_CLANG": slow.string]) { $1 }
            let compiler = try await Compiler(cache: folder.appending("cache"), environment: environment)
            let limit = Duration.milliseconds(500)
            await #expect(throws: CompileError.timedOut(source: program.string, limit: limit)) {
                try await compiler.compile(program, CompilerSettings(limit: limit))
            }
        }
    }

    @Test("make's rules: blanks, continuations, several names")
    func rules() {
        #expect(DependencyRule.prerequisites("a.o: b.c \\\n  c.h d\\ e.h\n") == ["b.c", "c.h", "d e.h"])
        #expect(DependencyRule.prerequisites("").isEmpty)
        #expect(DependencyRule.prerequisites("a.o: \\").isEmpty)
    }
}
