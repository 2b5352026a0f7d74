// SPDX-License-Identifier: Apache-2.0

import Compiler
import Foundation
import Results
import SystemPackage
import TestKernels
import Testing

/// What of the compiler can be chosen on the command line, and what is shown of it.
@Suite struct CompilingTests {
    private static let opening = """
        #include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        char LICENSE[] SEC("license") = "GPL";

        """

    private static let program = "SEC(\"socket\") int p(void *ctx) { return 0; }\n"

    @Test(
        "folders, macros, flags and the instruction set, however they are spelt",
        arguments: [
            ["-Iinc", "-DVALUE=3", "-DFLAG", "--cflag", "-fno-jump-tables", "--mcpu", "v2"],
            ["-I", "inc", "-D", "VALUE=3", "-D", "FLAG", "--cflag=-mcpu=v2"],
            ["-I", "inc", "--cflag=-DVALUE=3", "--cflag", "-DFLAG", "-mcpu=v2"],
            ["-Iinc", "-D", "VALUE=3", "-DFLAG=1", "-mcpu", "v2"],
        ]
    )
    func spellings(flags: [String]) async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let include = folder.appending("inc")
            try FileManager.default.createDirectory(atPath: include.string, withIntermediateDirectories: true)
            try include.appending("own.h").write("#define OWN 1\n")
            try folder.appending("x.bpf.c").write(
                """
                #include <own.h>
                _Static_assert(OWN == 1 && VALUE == 3, "flags");
                #ifndef FLAG
                #error no flag
                #endif
                _Static_assert(__BPF_CPU_VERSION__ == 2, "instruction set");
                """ + "\n" + Self.opening + Self.program
            )
            let outcome = try await Tool.run(["compile", "x.bpf.c"] + flags, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("x.bpf.o  sha256 "))
        }
    }

    @Test("a folder: what compiles is judged, what does not is a red row, and user space is left alone (6.12)")
    func folder() async throws {
        _ = try await TestKernels.kernel("6.12")
        let sources = TestKernels.package.appending("Tests/Compiling/folder")
        try await withScratchFolder { folder in
            let json = folder.appending("r.json")
            let outcome = try await Tool.run([
                "test", sources.string, "--kernels", "6.12", "--accel", "tcg", "--loader", "agent", "--json",
                json.string,
            ])
            #expect(outcome.status == 1, "\(outcome.errors)")
            #expect(outcome.output.contains("left alone as user space: foo.c"))
            #expect(outcome.output.contains("✗ object [not-compiled]  bad.bpf.c:2  bad.bpf.o on 6.12."))
            #expect(outcome.output.contains("at: #include <missing.h> @ bad.bpf.c:2"))
            #expect(outcome.output.contains("compiled 1 object once   foo.bpf.o"))
            #expect(outcome.output.contains("-mcpu=v3"))
            #expect(outcome.output.contains("1 of 2 accepted · 1 not"))
            let results = try JSONDecoder().decode(MatrixResults.self, from: Data(try json.contents))
            #expect(results.verdict("p", on: "6.12") == .accepted)
            #expect(results.cells.map(\.object) == ["bad.bpf.o", "foo.bpf.o"])
            let failure = try #require(results.objects.first?.failure)
            #expect(failure.code == .notCompiled && failure.place?.line == 2)
            let output = try FilePath(try #require(failure.output)).contents
            #expect(String(decoding: output, as: UTF8.self).contains("'missing.h' file not found"))
            #expect(results.compilation?.mcpu == "v3")
            #expect(results.compilation?.flags?.contains("-O2") == true)

            let explained = try await Tool.run(["explain", json.string, "bad.bpf.o"])
            #expect(explained.status == 0 && explained.output.contains("'missing.h' file not found"))
        }
    }

    @Test("what one compiler makes is never taken for what another one makes of the same source (6.12)")
    func wrappers() async throws {
        _ = try await TestKernels.kernel("6.12")
        let source = TestKernels.package.appending("Tests/Compiling/compiler-wrapper.bpf.c")
        try await withScratchFolder { folder in
            let clang = try await Clang.locate()
            for variant in 0...1 {
                let wrapper = folder.appending("clang-\(variant)")
                try wrapper.write("#!/bin/sh\nexec '\(clang.path)' -DVARIANT=\(variant) \"$@\"\n")
                #expect(chmod(wrapper.string, 0o755) == 0)
            }
            for variant in [0, 1, 0] {
                let outcome = try await Tool.run(
                    ["test", source.string, "--kernels", "6.12", "--accel", "tcg", "--loader", "agent"],
                    environment: ["BPFMATRIX_CLANG": folder.appending("clang-\(variant)").string]
                )
                #expect(outcome.status == variant, "\(outcome.output)\(outcome.errors)")
                #expect(outcome.output.contains("\(1 - variant) of 1 accepted"))
            }
        }
    }

    @Test("what has not changed is not compiled again, unless that is asked for")
    func noCache() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            // One that no earlier test has compiled.
            try folder.appending("x.bpf.c").write("// \(UUID())\n" + Self.opening + Self.program)
            // Older than the compiler's start, as files are in life.
            try await Task.sleep(for: .milliseconds(50))
            for (options, word) in [
                ([], "compiled"), ([], "unchanged"), (["--no-cache"], "compiled"), ([], "unchanged"),
            ] {
                let outcome = try await Tool.run(["compile", "x.bpf.c"] + options, in: folder)
                #expect(outcome.output.hasSuffix("  \(word)\n"), "\(outcome.output)")
            }
        }
    }

    @Test("a check predicts that a source that does not compile will fail, and goes on (6.12)")
    func check() async throws {
        _ = try await TestKernels.kernel("6.12")
        let sources = TestKernels.package.appending("Tests/Compiling/folder")
        let outcome = try await Tool.run(["check", sources.string, "--kernels", "6.12"])
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.output.contains("(the whole object)"))
        #expect(outcome.output.contains("✗ will fail [not-compiled]  bad.bpf.c:2  bad.bpf.o on 6.12."))
        #expect(outcome.output.contains("1 will fail"))
    }

    @Test("what compiles is written, though something else does not")
    func compile() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let sources = TestKernels.package.appending("Tests/Compiling/folder")
            let outcome = try await Tool.run(["compile", sources.string, "-o", "made/here"], in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("made/here/foo.bpf.o  sha256 "))
            #expect(outcome.errors.contains("bad.bpf.c does not compile"))
            #expect(outcome.errors.contains("bad.bpf.c:2:10: fatal error: 'missing.h' file not found"))
            #expect(FileManager.default.fileExists(atPath: folder.appending("made/here/foo.bpf.o").string))
        }
    }

    @Test("a vmlinux.h of one's own, as a file of any name or as a folder; what is neither is told")
    func ownHeader() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let include = folder.appending("types")
            try FileManager.default.createDirectory(atPath: include.string, withIntermediateDirectories: true)
            let header = "typedef unsigned int __u32;\ntypedef unsigned long long __u64;\n#define OWN 1\n"
            try include.appending("vmlinux.h").write(header)
            try folder.appending("vmlinux-6.1.h").write(header)
            try folder.appending("x.bpf.c").write(
                "#include \"vmlinux.h\"\nint own = OWN;\n__attribute__((section(\"socket\"), used)) "
                    + "int p(void *ctx) { return 0; }\n"
            )
            for path in ["types", "types/vmlinux.h", "vmlinux-6.1.h", "./types"] {
                let outcome = try await Tool.run(["compile", "x.bpf.c", "--vmlinux", path], in: folder)
                #expect(outcome.status == 0, "\(path): \(outcome.errors)")
            }
            let kernel = try await Tool.run(["compile", "x.bpf.c", "--vmlinux", "6.12"], in: folder)
            #expect(kernel.status == 1 && kernel.errors.contains("use of undeclared identifier 'OWN'"))
            let missing = try await Tool.run(["compile", "x.bpf.c", "--vmlinux", "no/such"], in: folder)
            #expect(missing.status == 3)
            #expect(missing.errors.contains("--vmlinux no/such: neither a header nor a folder with a vmlinux.h"))

            // One beside the source is nearer than any other, by C's own rules.
            try folder.appending("vmlinux.h").write(header)
            let nearer = try await Tool.run(["compile", "x.bpf.c", "--vmlinux", "6.12"], in: folder)
            #expect(nearer.status == 0)
            #expect(nearer.errors.contains("lies nearer to it than --vmlinux 6.12."), "\(nearer.errors)")
        }
    }

    @Test("vmlinux -o makes the folder that it writes to")
    func missingFolder() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let outcome = try await Tool.run(
                ["vmlinux", "--kernel", "6.12", "-o", "new/include/vmlinux.h"],
                in: folder
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            let header = String(decoding: try folder.appending("new/include/vmlinux.h").contents, as: UTF8.self)
            #expect(header.contains("struct task_struct {"))
            #expect(header.contains("bpf_task_acquire(struct task_struct *p) __weak __ksym;"))
        }
    }

    @Test("a warning of a header that several sources include is shown once")
    func warnings() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            try folder.appending("shared.h").write("static inline int f(void) { int unused; return 0; }\n")
            for name in ["a", "b", "c"] {
                try folder.appending("\(name).bpf.c").write(
                    Self.opening + "#include \"shared.h\"\n" + Self.program.replacing("0", with: "f()")
                )
            }
            // From the compiler the first time, from the cache the second.
            for _ in 1...2 {
                let outcome = try await Tool.run(["compile", ".", "-o", "made"], in: folder)
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(
                    outcome.errors.components(separatedBy: "unused variable 'unused'").count == 2,
                    "\(outcome.errors)"
                )
            }
        }
    }

    @Test("headers of the C library are named with what to do")
    func libc() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            // As glibc's does on a machine without another one's C library.
            try folder.appending("stdio.h").write("#include <gnu/stubs-none.h>\n")
            try folder.appending("x.bpf.c").write("#include <stdio.h>\n" + Self.opening + Self.program)
            let outcome = try await Tool.run(["compile", "x.bpf.c", "-I."], in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("'gnu/stubs-none.h' file not found"))
            #expect(outcome.errors.contains("stdio.h belongs to the C library"), "\(outcome.errors)")
        }
    }

    @Test("an object for big-endian machines is a red row of its own cause; beside its twin it is left alone (6.12)")
    func foreignByteOrder() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            try folder.appending("x.c").write(Self.opening + Self.program)
            for order in ["el", "eb"] {
                let made = try await Tool.run(
                    ["compile", "x.c", "-o", "made", "--cflag=--target=bpf\(order)", "--no-cache"],
                    in: folder
                )
                #expect(made.status == 0, "\(made.errors)")
                try FileManager.default.moveItem(
                    atPath: folder.appending("made/x.bpf.o").string,
                    toPath: folder.appending("made/x_bpf\(order).o").string
                )
            }
            let both = try await Tool.run(["check", "made", "--kernels", "6.12"], in: folder)
            #expect(both.errors.contains("left alone") || both.output.contains("left alone"))
            #expect(!both.output.contains("foreign-byte-order"))
            let named = try await Tool.run(
                ["check", "made/x_bpfel.o", "made/x_bpfeb.o", "--kernels", "6.12"],
                in: folder
            )
            #expect(named.status == 1)
            #expect(named.output.contains("[foreign-byte-order]  x_bpfeb.o"), "\(named.output)")
            let alone = try await Tool.run(["check", "made/x_bpfeb.o", "--kernels", "6.12"], in: folder)
            #expect(alone.status == 1 && alone.errors.contains("x_bpfeb.o: foreign byte order: "))
        }
    }

    @Test("folders in folders, and objects without programs (6.12)")
    func recursion() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let deep = folder.appending("a").appending("b")
            try FileManager.default.createDirectory(atPath: deep.string, withIntermediateDirectories: true)
            try deep.appending("x.bpf.c").write(Self.opening + Self.program)
            try folder.appending("a").appending("lib.bpf.c").write("int shared;\n")
            let flat = try await Tool.run(["check", ".", "--kernels", "6.12"], in: folder)
            #expect(flat.status == 1 && flat.errors.contains("(subfolders are searched with -r)"))
            let whole = try await Tool.run(["check", "-r", ".", "--kernels", "6.12"], in: folder)
            #expect(whole.output.contains("x.bpf.o"))
            #expect(
                (whole.errors + whole.output).contains("lib.bpf.c: a BPF object without programs"),
                "\(whole.errors)"
            )
            let nothing = try await Tool.run(["check", "a/lib.bpf.c", "--kernels", "6.12"], in: folder)
            #expect(nothing.status == 1 && nothing.errors.contains("nothing to test"))
        }
    }
}
