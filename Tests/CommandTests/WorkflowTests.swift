// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelStore
import SystemPackage
import TestKernels
import Testing

/// `scripts/run-vm-tests.sh` and the workflow that calls it, with a tool whose answers are known.
@Suite struct WorkflowTests {
    private static let plan: Set = ["5.10", "5.15", "6.1", "6.6"]

    private static let report = """
        5.15: asking quay.io/lvh-images/kernel-images
        note: 5.15 is left out: no source has kernel 5.15
        note: something else
        6.1.192: minimal.bpf.o minimal_prog ✓ accepted
        read 2 objects   minimal.bpf.o sha256 78a128dd5e02…
                           6.1.192
        minimal.bpf.o
          minimal_prog   ✓ accepted

        1 of 1 accepted · 1 kernel
        """

    private struct Outcome {
        let ending: Ending
        let output: String
        let arguments: [String]
        let summary: String?
    }

    private func run(
        _ arguments: [String],
        status: Int = 0,
        environment additions: [String: String] = [:]
    ) async throws -> Outcome {
        try await withScratchFolder { folder in
            let tool = folder.appending("tool")
            let heard = folder.appending("arguments")
            let said = folder.appending("report")
            try said.write(Self.report + "\n")
            try tool.write("#!/bin/sh\nprintf '%s\\n' \"$@\" >'\(heard)'\ncat '\(said)'\nexit \(status)\n")
            guard chmod(tool.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
            let summary = folder.appending("summary")
            // Whatever this machine's own environment has of them.
            let usual = ["BPFMATRIX": tool.string, "KERNELS": "", "GITHUB_STEP_SUMMARY": ""]
            let command = Command(
                TestKernels.package.appending("scripts/run-vm-tests.sh").string,
                arguments.map { $0 == "SUMMARY" ? summary.string : $0 },
                environment: usual.merging(additions.mapValues { $0 == "SUMMARY" ? summary.string : $0 }) { $1 },
                workingDirectory: folder
            )
            let result = try await command.run(within: .seconds(60))
            return Outcome(
                ending: result.ending,
                output: result.outputText,
                arguments: String(decoding: (try? heard.contents) ?? [], as: UTF8.self).split(separator: "\n").map(
                    String.init
                ),
                summary: (try? summary.contents).map { String(decoding: $0, as: UTF8.self) }
            )
        }
    }

    @Test("without arguments the plan's kernels are taken that can be had, and the project's own programs")
    func usual() async throws {
        let outcome = try await run([])
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output == Self.report + "\n")
        let source = TestKernels.package.appending("src/bpf").string
        try #require(outcome.arguments.count == 6)
        #expect(outcome.arguments.prefix(3) == ["test", source, "--kernels"])
        #expect(outcome.arguments.suffix(2) == ["--json", "results.json"])
        let words = outcome.arguments[3].split(separator: ",").map { KernelWord(String($0)) }
        #expect(Set(words.map(\.text)) == Self.plan && words.allSatisfy(\.isOptional))
        #expect(outcome.summary == nil)
    }

    @Test("paths, kernels and the tool's own options reach it as they are, blanks and signs included")
    func arguments() async throws {
        let outcome = try await run(
            ["a b", "*", "--json", "-", "--kernels", "6.1,5.15?", "--", "--accel", "tcg", "--image", "my image"],
            environment: ["KERNELS": "6.12"]
        )
        #expect(
            outcome.arguments == [
                "test", "a b", "*", "--kernels", "6.1,5.15?", "--json", "-", "--accel", "tcg", "--image", "my image",
            ]
        )
        #expect(try await run([], environment: ["KERNELS": "6.12"]).arguments.contains("6.12"))
        for wrong in [["--kernels"], ["--nonsense"], ["--summary"]] {
            #expect(try await run(wrong).ending == .exited(64))
        }
    }

    @Test(
        "the matrix goes into the summary, with what was left out, and the exit status is the tool's",
        arguments: [0, 1, 3]
    )
    func summary(status: Int) async throws {
        for outcome in [
            try await run(["--summary", "SUMMARY"], status: status),
            try await run([], status: status, environment: ["GITHUB_STEP_SUMMARY": "SUMMARY"]),
        ] {
            #expect(outcome.ending == .exited(status))
            #expect(outcome.output == Self.report + "\n")
            let lines = try #require(outcome.summary).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first?.hasPrefix("### Kernels ") == true)
            #expect(lines.contains("note: 5.15 is left out: no source has kernel 5.15"))
            #expect(lines.contains("1 of 1 accepted · 1 kernel"))
            #expect(!lines.contains("note: something else") && !lines.contains { $0.contains("asking quay.io") })
            #expect(lines.filter { $0 == "```" }.count == 2)
        }
    }

    @Test("the workflow and its script require the plan's kernels, and ask newer ones where they can be had")
    func workflow() throws {
        func kernels(_ file: String, _ expression: Regex<(Substring, Substring)>) throws -> [KernelWord] {
            let text = String(decoding: try TestKernels.package.appending(file).contents, as: UTF8.self)
            let list = try #require(text.firstMatch(of: expression), "\(file)").1
            return list.split(separator: ",").map { KernelWord(String($0)) }
        }
        let workflow = try kernels(".github/workflows/ci.yml", #/\n  KERNELS: (\S+)\n/#)
        #expect(Set(workflow.filter { !$0.isOptional }.map(\.text)) == Self.plan)
        #expect(Set(workflow.filter(\.isOptional).map(\.text)) == ["6.12", "latest"])
        #expect(try kernels("scripts/ci.sh", #/\nkernels=\$\{KERNELS:-(\S+)\}\n/#) == workflow)
        let demo = try kernels("Makefile", #/\nKERNELS \?= (\S+)\n/#)
        #expect(Set(demo.map(\.text)) == Self.plan && demo.allSatisfy(\.isOptional))
    }
}
