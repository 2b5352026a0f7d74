// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import Compiler

/// Everything on which a compilation depends, one case for each: after it has changed, nothing is taken from the cache.
@Suite struct SurroundingsTests {
    /// A source with what lies around it.
    struct Place: Sendable {
        let folder: FilePath
        var settings = CompilerSettings()
        var environment: [String: String] = [:]

        var source: FilePath { folder.appending("program.c") }

        func write(_ name: String, _ text: String) throws {
            let path = folder.pushing(FilePath(name))
            try FileManager.default.createDirectory(
                atPath: path.removingLastComponent().string,
                withIntermediateDirectories: true
            )
            try path.write(text)
        }

        func compile() async throws -> CompiledObject {
            let inherited = ProcessInfo.processInfo.environment
            let compiler = try await Compiler(
                cache: folder.appending("cache"),
                environment: inherited.merging(environment) { $1 }
            )
            return try await compiler.compile(source, settings)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let includes: String
        var prepare: @Sendable (inout Place) throws -> Void = { _ in }
        let change: @Sendable (inout Place) throws -> Void
    }

    private static let body = """

        #ifndef VALUE
        #define VALUE 0
        #endif
        __attribute__((section("socket"), used)) int program(void *context) { return VALUE; }
        char LICENSE[] __attribute__((section("license"), used)) = "GPL";

        """

    static let cases: [Case] = [
        Case(testDescription: "the source", includes: "") { place in
            try place.write("program.c", body.replacing("VALUE;", with: "7;"))
        },
        Case(
            testDescription: "a header",
            includes: "#include \"value.h\"",
            prepare: { try $0.write("value.h", "#define VALUE 1\n") },
            change: { try $0.write("value.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "a comment in a line that the verifier quotes",
            includes: "",
            change: { try $0.write("program.c", body.replacing("return VALUE; }", with: "return VALUE; } // why")) }
        ),
        Case(
            testDescription: "a header that is new, included by __has_include",
            includes: "#if __has_include(\"value.h\")\n#include \"value.h\"\n#endif",
            change: { try $0.write("value.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "a file that is new, asked for by __has_include and not read",
            includes: "#if __has_include(\"marker.h\")\n#define VALUE 2\n#endif",
            change: { try $0.write("marker.h", "") }
        ),
        Case(
            testDescription: "a header that is new in a folder that is searched before",
            includes: "#include <value.h>",
            prepare: { place in
                try place.write("late/value.h", "#define VALUE 1\n")
                try place.write("early/other.h", "")
                place.settings.flags.includeFolders = ["early", "late"].map { place.folder.appending($0).string }
            },
            change: { try $0.write("early/value.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "a header that is new beside the source",
            includes: "#include \"value.h\"",
            prepare: { place in
                try place.write("late/value.h", "#define VALUE 1\n")
                place.settings.flags.includeFolders = [place.folder.appending("late").string]
            },
            change: { try $0.write("value.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "a header that is gone, with another behind it",
            includes: "#include <value.h>",
            prepare: { place in
                try place.write("late/value.h", "#define VALUE 1\n")
                try place.write("early/value.h", "#define VALUE 2\n")
                place.settings.flags.includeFolders = ["early", "late"].map { place.folder.appending($0).string }
            },
            change: { try FileManager.default.removeItem(atPath: $0.folder.appending("early/value.h").string) }
        ),
        Case(
            testDescription: "vmlinux.h beside the source",
            includes: "#include \"vmlinux.h\"",
            prepare: { try $0.write("vmlinux.h", "#define VALUE 1\n") },
            change: { try $0.write("vmlinux.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "another vmlinux.h",
            includes: "#include \"vmlinux.h\"",
            prepare: { place in
                for number in 1...2 { try place.write("\(number)/vmlinux.h", "#define VALUE \(number)\n") }
                let cache = place.folder.appending("cache")
                place.settings.header = try .chosen(place.folder.appending("1"), cache: cache)
            },
            change: { place in
                let cache = place.folder.appending("cache")
                place.settings.header = try .chosen(place.folder.appending("2"), cache: cache)
            }
        ),
        Case(
            testDescription: "what a vmlinux.h of another name says",
            includes: "#include \"vmlinux.h\"",
            prepare: { place in
                try place.write("types.h", "#define VALUE 1\n")
                let cache = place.folder.appending("cache")
                place.settings.header = try .chosen(place.folder.appending("types.h"), cache: cache)
            },
            change: { try $0.write("types.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "-D",
            includes: "",
            prepare: { $0.settings.flags.definitions = ["VALUE=1"] },
            change: { $0.settings.flags.definitions = ["VALUE=2"] }
        ),
        Case(
            testDescription: "-mcpu",
            includes: "",
            prepare: { $0.settings.flags.mcpu = "v2" },
            change: { $0.settings.flags.mcpu = "v3" }
        ),
        Case(
            testDescription: "any flag, also one that changes nothing that the preprocessor sees",
            includes: "",
            prepare: { $0.settings.flags.others = ["-O2"] },
            change: { $0.settings.flags.others = ["-O1"] }
        ),
        Case(testDescription: "the code that suits another kernel", includes: "") { place in
            place.settings.code = CodeChoice(oldestKernel: [4, 19])
        },
        Case(testDescription: "the architecture", includes: "") { $0.settings.architecture = .arm64 },
        Case(
            testDescription: "a file that a flag includes",
            includes: "",
            prepare: { place in
                try place.write("forced.h", "#define VALUE 1\n")
                place.settings.flags.others = ["-include", place.folder.appending("forced.h").string]
            },
            change: { try $0.write("forced.h", "#define VALUE 2\n") }
        ),
        Case(
            testDescription: "a configuration file of the compiler",
            includes: "",
            prepare: { place in
                try place.write("clang.cfg", "-DVALUE=1\n")
                place.settings.flags.others = ["--config=\(place.folder.appending("clang.cfg"))"]
            },
            change: { try $0.write("clang.cfg", "-DVALUE=2\n") }
        ),
        Case(
            testDescription: "a response file",
            includes: "",
            prepare: { place in
                try place.write("flags", "-O2\n")
                place.settings.flags.others = ["@\(place.folder.appending("flags"))"]
            },
            change: { try $0.write("flags", "-O1\n") }
        ),
        Case(
            testDescription: "a file that only a flag names",
            includes: "",
            prepare: { place in
                try place.write("ignored", "fun:nothing\n")
                let path = place.folder.appending("ignored")
                place.settings.flags.others = ["-fsanitize=bounds", "-fsanitize-trap=all"]
                place.settings.flags.others += ["-fsanitize-ignorelist=\(path)"]
            },
            change: { try $0.write("ignored", "fun:program\n") }
        ),
        Case(
            testDescription: "CPATH",
            includes: "#if __has_include(<value.h>)\n#include <value.h>\n#endif",
            prepare: { try $0.write("search/value.h", "#define VALUE 2\n") },
            change: { $0.environment["CPATH"] = $0.folder.appending("search").string }
        ),
        Case(
            testDescription: "C_INCLUDE_PATH",
            includes: "#if __has_include(<value.h>)\n#include <value.h>\n#endif",
            prepare: { try $0.write("search/value.h", "#define VALUE 2\n") },
            change: { $0.environment["C_INCLUDE_PATH"] = $0.folder.appending("search").string }
        ),
        Case(testDescription: "CCC_OVERRIDE_OPTIONS", includes: "") { place in
            place.environment["CCC_OVERRIDE_OPTIONS"] = "# +-DVALUE=2"
        },
        Case(
            testDescription: "SOURCE_DATE_EPOCH",
            includes: "#define VALUE (__DATE__[10] + __TIME__[7])",
            prepare: { $0.environment["SOURCE_DATE_EPOCH"] = "1000000000" },
            change: { $0.environment["SOURCE_DATE_EPOCH"] = "1100000001" }
        ),
        Case(
            testDescription: "the time, where the source asks for it",
            includes: "#define VALUE __TIMESTAMP__[18]",
            change: { place in
                let old = Date(timeIntervalSince1970: 1_000_000_000)
                try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: place.source.string)
            }
        ),
        Case(
            testDescription: "a file that the assembler reads",
            includes: """
                asm(".pushsection .rodata.blob,\\"a\\"\\n"
                    ".inc" "bin \\"BLOB\\"\\n.popsection");
                """,
            prepare: { place in
                try place.write("blob", "one")
                let text = String(decoding: try place.source.contents, as: UTF8.self)
                try place.write("program.c", text.replacing("BLOB", with: place.folder.appending("blob").string))
            },
            change: { try $0.write("blob", "two") }
        ),
        Case(
            testDescription: "a file that lines are said to be from",
            includes: "",
            prepare: { place in
                try place.write("program.dsl", "first line\n")
                let name = place.folder.appending("program.dsl")
                try place.write("program.c", "#line 1 \"\(name)\"\n" + body)
            },
            change: { try $0.write("program.dsl", "another line\n") }
        ),
        Case(
            testDescription: "the folder of libbpf's headers",
            includes: "#include <bpf/value.h>",
            prepare: { place in
                for number in 1...2 {
                    try place.write("\(number)/bpf/bpf_helpers.h", "")
                    try place.write("\(number)/bpf/value.h", "#define VALUE \(number)\n")
                }
                place.environment["BPFMATRIX_LIBBPF_INCLUDE"] = place.folder.appending("1").string
            },
            change: { $0.environment["BPFMATRIX_LIBBPF_INCLUDE"] = $0.folder.appending("2").string }
        ),
    ]

    @Test("what has not changed is not compiled again; after a change of what it depends on, it is", arguments: cases)
    func surroundings(of test: Case) async throws {
        try await withScratchFolder { folder in
            var place = Place(folder: folder)
            try place.write("program.c", test.includes + Self.body)
            try test.prepare(&place)
            // Older than the compiler's start, as files are in life.
            try await Task.sleep(for: .milliseconds(50))
            let first = try await place.compile()
            #expect(!first.isReused)
            let isKnowable = !test.testDescription.contains("assembler")
            #expect(try await place.compile().isReused == isKnowable, "the same again")
            try await Task.sleep(for: .milliseconds(50))
            try test.change(&place)
            let second = try await place.compile()
            #expect(!second.isReused)
        }
    }

    @Test("__TIME__ makes another object each time")
    func time() async throws {
        try await withScratchFolder { folder in
            let place = Place(folder: folder)
            try place.write("program.c", "#define VALUE __TIME__[7]" + Self.body)
            _ = try await place.compile()
            try await Task.sleep(for: .milliseconds(1100))
            #expect(try await !place.compile().isReused)
        }
    }

    @Test("two wrappers of the same size that add different flags make different objects, and none is reused")
    func wrappers() async throws {
        try await withScratchFolder { folder in
            var place = Place(folder: folder)
            try place.write("program.c", Self.body)
            let clang = try await Clang.locate()
            for number in 1...2 {
                let path = folder.appending("wrapper-\(number)")
                try path.write("#!/bin/sh\nexec '\(clang.path)' -DVALUE=\(number) \"$@\"\n")
                #expect(chmod(path.string, 0o755) == 0)
            }
            var objects: [[UInt8]] = []
            for name in ["wrapper-1", "wrapper-2", "wrapper-1"] {
                place.environment["BPFMATRIX_CLANG"] = folder.appending(name).string
                let compiled = try await place.compile()
                #expect(!compiled.isReused, "what a wrapper depends on is not known")
                objects.append(try compiled.path.contents)
            }
            #expect(objects[0] != objects[1])
            #expect(objects[0] == objects[2])
        }
    }

    @Test("a compiler is known by the files that it consists of; a wrapper, by none")
    func ownFiles() async throws {
        let clang = try await Clang.locate()
        let own = try #require(try await OwnFiles(of: clang, [:]))
        #expect(own.all.contains(own.compiler))
        #expect(own.all.contains { $0.string.contains("libc.so") }, "\(own.all)")
        try await withScratchFolder { folder in
            let file = folder.appending("compiler")
            try file.write("one")
            var keys: [CompilationKey] = []
            for text in ["one", "two", "two"] {
                if keys.count == 1 { try file.write(text) }
                var key = CompilationKey()
                key.add(stampsOf: [file])
                keys.append(key)
            }
            #expect(keys[0].value != keys[1].value && keys[1].value == keys[2].value)
        }
    }

    @Test("what was saved while the compiler ran is compiled again", arguments: [nil, "program.c", "value.h", "new.h"])
    func savedMeanwhile(name: String?) async throws {
        try await withScratchFolder { folder in
            let place = Place(folder: folder)
            let includes = "#include \"value.h\"\n#if __has_include(\"new.h\")\n#include \"new.h\"\n#endif"
            try place.write("program.c", includes + Self.body)
            try place.write("value.h", "#define VALUE 1\n")
            // Older than the compiler's start, as files are in life.
            try await Task.sleep(for: .milliseconds(50))
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let way = CompilationWay(first: place.settings, for: compiler.clang.abilities)
            let work = CompilationWork(place.source, place.settings, way, compiler: compiler, folder: folder)
            let reading = try #require(try await work.read())
            let key = try #require(reading.key)
            if let name {
                let old = (try? folder.appending(name).contents) ?? []
                try folder.appending(name).write(old + Array("// saved\n".utf8))
            }
            _ = try await work.compile(after: reading)
            #expect((compiler.cache.object(for: key) != nil) == (name == nil))
        }
    }

    @Test("a fresh compilation is asked for")
    func fresh() async throws {
        try await withScratchFolder { folder in
            var place = Place(folder: folder)
            try place.write("program.c", Self.body)
            try await Task.sleep(for: .milliseconds(50))
            _ = try await place.compile()
            place.settings.isFresh = true
            #expect(try await !place.compile().isReused)
            place.settings.isFresh = false
            #expect(try await place.compile().isReused)
        }
    }

    @Test("a source that does not compile is compiled again each time, and says the same")
    func broken() async throws {
        try await withScratchFolder { folder in
            let place = Place(folder: folder)
            try place.write("program.c", "int one(void) { return nothing; }\n")
            for _ in 1...2 {
                let error = await #expect(throws: CompileError.self) { try await place.compile() }
                guard case .rejected(let rejection)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(rejection.diagnostics.contains("use of undeclared identifier 'nothing'"))
                #expect(try FilePath(rejection.output).contents == Array(rejection.diagnostics.utf8))
            }
        }
    }
}
