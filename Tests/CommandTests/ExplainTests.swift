// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import Reports
import Results
import SystemPackage
import TestKernels
import Testing
import VerifierLog

/// `explain`, by itself: no kernel is started.
@Suite struct ExplainTests {
    private static let log = """
        0: R1=ctx() R10=fp0
        ; __u64 *value = bpf_map_lookup_elem(&table, &key); @ open.c:3
        6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=table,ks=4,vs=8)
        ; return *value; @ open.c:4
        7: (79) r0 = *(u64 *)(r0 +0)
        R0 invalid mem access 'map_value_or_null'
        processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

        """
    private static let source = "int f()\n{\n\tlookup();\n\treturn *value;\n}\n"

    private static func kernel(_ spec: String, _ version: String) -> TestedKernel {
        TestedKernel(
            spec: spec,
            version: version,
            release: "\(version)-test",
            digest: "",
            source: "",
            accelerator: "tcg"
        )
    }

    /// Without explanations, as an older version wrote them: they are made from the logs.
    private static var results: MatrixResults {
        let cells = ["first", "second"].flatMap { program in
            ["5.10", "6.1"].map { kernel in
                let isRefused = program == "first" || kernel == "5.10"
                return Cell(
                    object: "open.bpf.o",
                    program: program,
                    kernel: kernel,
                    verdict: isRefused ? .rejected : .accepted,
                    errno: isRefused ? 13 : nil,
                    message: isRefused ? "R0 invalid mem access 'map_value_or_null'" : nil,
                    log: isRefused ? log : nil
                )
            }
        }
        let programs = ["first", "second"].map { TestedProgram(name: $0, section: "kprobe/f", type: "kprobe") }
        return MatrixResults(
            tool: Version(name: "bpfmatrix", version: "0"),
            loader: Version(name: "libbpf", version: "1.7.0"),
            witness: nil,
            objects: [
                TestedObject(name: "open.bpf.o", path: "open.c", sha256: "", programs: programs, isCompiled: true)
            ],
            kernels: [kernel("5.10", "5.10.262"), kernel("6.1", "6.1.192")],
            cells: cells,
            bpftool: [],
            summary: Summary(cells: cells, witnesses: [], seconds: 1)
        )
    }

    private func withResults(_ body: (FilePath) async throws -> Void) async throws {
        try await withScratchFolder { folder in
            try folder.appending("results.json").write([UInt8](try JSONReport.data(Self.results)))
            try folder.appending("open.c").write(Self.source)
            try await body(folder)
        }
    }

    @Test("everything that was refused is explained, once for all kernels that say the same")
    func all() async throws {
        try await withResults { folder in
            let outcome = try await Tool.run(["explain", "results.json"], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(
                outcome.output.contains("[null-dereference]  open.c:4  open.bpf.o first on 5.10.262, 6.1.192 (EACCES)")
            )
            #expect(outcome.output.contains("[null-dereference]  open.c:4  open.bpf.o second on 5.10.262 (EACCES)"))
            #expect(outcome.output.contains("  > 4 | \treturn *value;\n    5 | }\n"), "\(outcome.output)")
            #expect(outcome.output.contains("a value of map 'table' (8 bytes), or NULL"))
            #expect(outcome.output.contains("set at open.c:3"))
            #expect(!outcome.output.contains("\u{1b}"), "colours in a pipe")
        }
    }

    @Test(
        "programs, objects and kernels are found by the names that people have for them",
        arguments: [
            (["first"], 2), (["second"], 1), (["first", "6.1"], 1), (["first", "6.1.192"], 1),
            (["first", "6.1.192-test"], 1),
            (["open.bpf.o", "first"], 2), (["open", "first", "5.10"], 1), (["open.bpf.o first"], 2), (["6.1"], 1),
            (["open.bpf.o"], 3), ([], 3),
        ] as [([String], Int)]
    )
    func selection(words: [String], count: Int) async throws {
        try await withResults { folder in
            let outcome = try await Tool.run(["explain", "results.json"] + words + ["--json"], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            let refusals = try #require(document?["refusals"] as? [[String: Any]])
            #expect(refusals.compactMap { ($0["kernels"] as? [String])?.count }.reduce(0, +) == count)
        }
    }

    @Test(
        "what is not there is named, with what is",
        arguments: [
            (["nothing"], "no program or object 'nothing'; there are open.bpf.o first, open.bpf.o second"),
            (["first", "4.4"], "no kernel '4.4'; there are 5.10 (5.10.262), 6.1 (6.1.192)"),
            (["open", "third", "6.1"], "no program or object 'open third'"),
            (["a", "b", "c", "d"], "more than an object, a program and a kernel"),
        ]
    )
    func unknown(words: [String], says: String) async throws {
        try await withResults { folder in
            let outcome = try await Tool.run(["explain", "results.json"] + words, in: folder)
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains(says), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test("what was accepted needs no explanation, and that is no error")
    func accepted() async throws {
        try await withResults { folder in
            let outcome = try await Tool.run(["explain", "results.json", "second", "6.1"], in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.output == "second on 6.1: accepted, there is nothing to explain\n")
            let log = try await Tool.run(["explain", "results.json", "second", "6.1", "--log"], in: folder)
            #expect(log.status == 0)
            #expect(log.output.isEmpty)
        }
    }

    @Test("results that are taken for a log are told to be results")
    func resultsAsLog() async throws {
        try await withResults { folder in
            let outcome = try await Tool.run(["explain", "--log-file", "results.json"], in: folder)
            #expect(outcome.status == 3)
            #expect(outcome.errors.contains("results.json holds results, and is no log"), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test("logs beyond those that are explained are counted")
    func tooMany() async throws {
        try await withScratchFolder { folder in
            let file = folder.appending("log.txt")
            try file.write(String(repeating: Self.log, count: 258))
            let outcome = try await Tool.run(["explain", "--log-file", file.string])
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains("2 more logs were left out: the first 256 are explained"))
        }
    }

    @Test("another file's lines are not shown as the program's")
    func changedSource() async throws {
        try await withResults { folder in
            try folder.appending("open.c").write("int other()\n{\n\n\treturn 0;\n}\n")
            let outcome = try await Tool.run(["explain", "results.json", "first"], in: folder)
            #expect(!outcome.output.contains("int other"))
            #expect(outcome.output.contains("> 4 | return *value;"))
            #expect(outcome.output.contains("open.c has another line 4 now"), "\(outcome.output)")
        }
    }

    @Test("a source that is newer than the results is shown with a word about it")
    func newerSource() async throws {
        try await withResults { folder in
            let past = Date(timeIntervalSince1970: 1_000_000_000)
            try FileManager.default.setAttributes(
                [.modificationDate: past],
                ofItemAtPath: folder.appending("results.json").string
            )
            let outcome = try await Tool.run(["explain", "results.json", "first"], in: folder)
            #expect(outcome.output.contains("open.c is newer than the results"), "\(outcome.output)")
        }
    }

    @Test("the kernel's log is printed as it is")
    func log() async throws {
        try await withResults { folder in
            let outcome = try await Tool.run(["explain", "results.json", "first", "6.1", "--log"], in: folder)
            #expect(outcome.output == Self.log)
        }
    }

    @Test("a log from elsewhere is explained without results, from a file and from standard input")
    func foreignLog() async throws {
        try await withResults { folder in
            let framed = "libbpf: prog 'first': -- BEGIN PROG LOAD LOG --\n\(Self.log)-- END PROG LOAD LOG --\n"
            try folder.appending("log.txt").write(framed)
            let outcome = try await Tool.run(["explain", "--log-file", "log.txt"], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("[null-dereference]  open.c:4  first"), "\(outcome.output)")
            let piped = try await Command("sh", ["-c", "'\(Tool.path)' explain --log-file - <log.txt"])
                .running(in: folder).run(within: .seconds(60))
            #expect(piped.outputText == outcome.output)
        }
    }

    @Test(
        "what is no results, and no log, is said to be none in one line",
        arguments: [
            (["explain", "FILE"], "hello", "is no JSON"), (["explain", "FILE"], "", "is empty"),
            (["explain", "FILE"], "{\"a\": 1}", "no results of bpfmatrix"),
            (["explain", "FILE"], "[1]", "no results of bpfmatrix"),
            (["explain", "FILE"], "{\"schema\": \"bpfmatrix.results/9\"}", "has the schema 'bpfmatrix.results/9'"),
            (["explain", "FILE"], "{\"schema\": \"bpfmatrix.results/1\"}", "is damaged: "),
            (["explain", "--log-file", "FILE"], "hello", "is no verifier log"),
            (["explain", "--log-file", "FILE"], "", "is empty"),
            (["explain", "--log-file", "FILE"], "\u{7f}ELF\u{2}\u{1}\0\0\u{ff}", "is no verifier log"),
            (
                ["explain", "--log-file", "FILE"],
                "0: (95) exit\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n",
                "ends without a reason: the verifier went through 1 instructions and refused nothing"
            ),
        ]
    )
    func badInput(arguments: [String], content: String, says: String) async throws {
        try await withScratchFolder { folder in
            let file = folder.appending("input")
            try file.write(content)
            let outcome = try await Tool.run(arguments.map { $0 == "FILE" ? file.string : $0 })
            #expect(outcome.status == 3)
            #expect(outcome.errors.contains(says), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("wrong usage is 64")
    func usage() async throws {
        for arguments in [[], ["x", "--log-file", "y"], ["x", "--log", "--json"], ["--log-file", "x", "--log"]] {
            #expect(try await Tool.run(["explain"] + arguments).status == 64, "\(arguments)")
        }
        #expect(try await Tool.run(["explain", "/no/such/file"]).errors.contains("No such file or directory"))
    }
}

extension Command {
    fileprivate func running(in folder: FilePath) -> Command {
        var command = self
        command.workingDirectory = folder
        return command
    }
}
