// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Compiler

/// What compilers print, read.
@Suite struct DiagnosticsTests {
    private static let output = """
        In file included from src/a.bpf.c:4:
        In file included from src/shared.h:2:
        src/deep.h:7:9: warning: unused variable 'x' [-Wunused-variable]
            7 |     int x;
              |         ^
        src/a.bpf.c:12:12: error: use of undeclared identifier 'nothing'
           12 |     return nothing;
              |            ^~~~~~~
        src/a.bpf.c:3:5: note: did you mean something else?
        1 warning and 1 error generated.

        """

    @Test("each message has its place, its line of C and the way there; notes belong to what they are about")
    func messages() throws {
        let diagnostics = CompilerDiagnostics(Self.output)
        #expect(diagnostics.messages.count == 2)
        let warning = try #require(diagnostics.warnings.first)
        #expect(warning.file == "src/deep.h" && warning.line == 7 && warning.column == 9)
        #expect(warning.inclusions == ["src/a.bpf.c:4", "src/shared.h:2"])
        #expect(warning.lines.count == 3)
        let error = try #require(diagnostics.firstError)
        #expect(error.text == "use of undeclared identifier 'nothing'")
        #expect(error.sourceLine == "return nothing;")
        #expect(error.inclusions.isEmpty)
        #expect(error.lines.last == "src/a.bpf.c:3:5: note: did you mean something else?")
    }

    @Test("the same warning through another source is the same")
    func identity() throws {
        let other = CompilerDiagnostics(Self.output.replacing("src/a.bpf.c:4:", with: "src/b.bpf.c:9:"))
        #expect(other.warnings.first?.identity == CompilerDiagnostics(Self.output).warnings.first?.identity)
    }

    @Test(
        "errors without a place are errors too",
        arguments: [
            ("clang: error: unknown argument: '-fnot-there'", "unknown argument: '-fnot-there'"),
            ("error: unknown target CPU 'v9'", "unknown target CPU 'v9'"),
            ("fatal error: error in backend: Cannot select: t12", "error in backend: Cannot select: t12"),
        ]
    )
    func withoutPlace(output: String, text: String) throws {
        let error = try #require(CompilerDiagnostics(output).firstError)
        #expect(error.text == text && error.file == nil && error.line == nil)
    }

    @Test("what is no diagnostics has none", arguments: ["", "Segmentation fault\n", "warning\nIn file included from"])
    func none(output: String) {
        #expect(CompilerDiagnostics(output).messages.isEmpty)
    }

    @Test("a header of the C library is named, with what to do")
    func libc() throws {
        let output = """
            In file included from x.c:2:
            In file included from /usr/include/stdio.h:27:
            In file included from /usr/include/features.h:513:
            /usr/include/x86_64-linux-gnu/gnu/stubs.h:7:11: fatal error: 'gnu/stubs-32.h' file not found
            """
        let advice = try #require(CompilerAdvice.advice(on: output, hasLibbpfHeaders: true))
        #expect(advice.hasPrefix("stdio.h belongs to the C library"))
        #expect(advice.contains("vmlinux.h") && advice.contains("-D__x86_64__"))
        #expect(CompilerAdvice.advice(on: "x.c:1:1: error: no", hasLibbpfHeaders: false) == nil)
    }

    @Test("what is missing of libbpf, and of the compiler, is told")
    func others() throws {
        let headers = "x.c:1:10: fatal error: 'bpf/bpf_helpers.h' file not found"
        #expect(CompilerAdvice.advice(on: headers, hasLibbpfHeaders: false)?.contains("libbpf-dev") == true)
        #expect(CompilerAdvice.advice(on: headers, hasLibbpfHeaders: true) == nil)
        let machine = "error: unknown target CPU 'v4'"
        let division = "x.c:1:2: error: unsupported signed division, please convert to unsigned div/mod."
        #expect(CompilerAdvice.advice(on: division, hasLibbpfHeaders: true)?.contains("--mcpu v4") == true)
        let kfunc = "x.c:3:2: error: call to undeclared function 'bpf_new'; ISO C99 and later do not support it"
        let advice = CompilerAdvice.advice(on: kfunc, hasLibbpfHeaders: true, generatedHeader: "6.1.192")
        #expect(advice?.hasPrefix("the types of Linux 6.1.192 declare no kfunc bpf_new") == true)
        #expect(CompilerAdvice.advice(on: kfunc, hasLibbpfHeaders: true) == nil)
        #expect(CompilerAdvice.advice(on: machine, hasLibbpfHeaders: true)?.contains("clang 17") == true)
    }

    @Test("functions that nobody declared, as compilers of several ages name them")
    func undeclared() {
        let output = """
            x.c:3:2: error: call to undeclared function 'bpf_one'; ISO C99 and later do not support implicit declarations
            x.c:4:2: warning: implicit declaration of function 'bpf_two' is invalid in C99
            x.c:5:7: error: use of undeclared identifier 'bpf_three'
            """
        #expect(CompilerAdvice.undeclaredFunctions(output) == ["bpf_one", "bpf_two", "bpf_three"])
    }

    @Test("what a driver would run: words in quotes, with what is escaped in them")
    func driver() {
        let plan = DriverPlan(
            """
            clang version 21.0.0
            Configuration file: /etc/clang.cfg
             "/usr/lib/clang" "-cc1" "-D" "X=\\"a\\\\b\\"" "-fcoverage-compilation-dir=/here" "-x" "c" "my file.c"
            """
        )
        #expect(plan.compiler == "/usr/lib/clang")
        #expect(
            plan.jobs == [
                [
                    "/usr/lib/clang", "-cc1", "-D", "X=\"a\\b\"", "-fcoverage-compilation-dir=/here", "-x", "c",
                    "my file.c",
                ]
            ]
        )
        #expect(plan.remarks == ["clang version 21.0.0", "Configuration file: /etc/clang.cfg"])
        #expect(!plan.decisive.contains { $0.contains("/here") })
        #expect(DriverPlan(" \"/usr/bin/as\" \"x\"").compiler == nil)
        #expect(DriverPlan(" \"/c\" \"-cc1\"\n \"/usr/bin/as\" \"x\"").compiler == nil)
        #expect(DriverPlan("").compiler == nil)
    }

    @Test(
        "assembly that reads files is noticed, however its words are put together",
        arguments: [
            (#"asm(".incbin \"x\"");"#, true), (#"__asm__ volatile(".inc" "bin \"x\"");"#, true),
            (#"asm("nop\n\t.include \"x\"");"#, true), (#"asm volatile("" : "+r"(x));"#, false),
            (#"int asm_incbin(void);"#, false), (#"char s[] = ".incbin";"#, false), ("", false),
        ] as [(String, Bool)]
    )
    func assembly(text: String, reads: Bool) {
        #expect(PreprocessedText(.init(text.utf8)).hasAssemblerIncludes == reads)
    }

    @Test("the files that lines are said to be from")
    func fileNames() {
        let text = "# 1 \"x.c\"\n# 1 \"<built-in>\" 1\nint a;\n# 7 \"a \\\"b\\\\.dsl\" 2\n#pragma x \"no\"\n# 8 \"x.c\""
        #expect(PreprocessedText(.init(text.utf8)).fileNames == ["x.c", "<built-in>", "a \"b\\.dsl"])
    }
}
