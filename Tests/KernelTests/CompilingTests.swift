// SPDX-License-Identifier: Apache-2.0

import Compiler
import Matrix
import Results
import TestKernels
import Testing
import VerifierLog

extension RealKernels {
    /// Code that suits the oldest kernel under test, on kernels: Tests/Compiling.
    @Suite struct CompilingTests {
        private func results(
            _ name: String,
            code: CodeChoice = .compilersOwn,
            flags: CompilerFlags = CompilerFlags(),
            on lines: [String]
        ) async throws -> MatrixResults {
            let source = TestKernels.package.appending("Tests/Compiling").appending("\(name).bpf.c")
            let compiled = try await CompiledFixture.compile(source, code: code, flags: flags)
            return try await TestKernels.run(
                [try InputReader.object(compiledFrom: source, at: compiled.path)],
                on: try await TestKernels.selected(lines),
                options: RunOptions(loader: .agent)
            )
        }

        @Test("counters that nobody reads while they count are accepted by 5.10, and by every later kernel")
        func atomicAdd() async throws {
            let results = try await results(
                "atomic-add",
                code: CodeChoice(oldestKernel: [5, 10]),
                on: TestKernels.lines
            )
            #expect(results.cells.count == 3 * TestKernels.lines.count)
            for cell in results.cells { #expect(cell.verdict == .accepted, "\(cell)") }
        }

        @Test("for a kernel before 5.1 the same is compiled without instructions that it does not know (5.10)")
        func olderAdd() async throws {
            let results = try await results("atomic-add", code: CodeChoice(oldestKernel: [4, 19]), on: ["5.10"])
            for cell in results.cells { #expect(cell.verdict == .accepted, "\(cell)") }
        }

        @Test("with -mcpu=v3 of the user's own, values that are fetched take 5.12, and are right (5.10, 6.1)")
        func atomicFetch() async throws {
            let results = try await results("atomic-fetch", flags: CompilerFlags(mcpu: "v3"), on: ["5.10", "6.1"])
            for program in ["number", "swapped"] {
                let old = try #require(results.cell(program, on: "5.10"))
                #expect(old.verdict == .rejected && old.explanation?.code == .instructionUnknown, "\(old)")
                #expect(results.verdict(program, on: "6.1") == .accepted)
            }
        }

        @Test("without, a source that uses the value still compiles: for kernels since 5.12 (5.10, 6.1)")
        func usedValue() async throws {
            let results = try await results(
                "atomic-fetch",
                code: CodeChoice(oldestKernel: [5, 10]),
                on: ["5.10", "6.1"]
            )
            #expect(results.verdict("number", on: "5.10") == .rejected)
            for program in ["number", "swapped", "added"] {
                #expect(results.verdict(program, on: "6.1") == .accepted)
            }
        }

        @Test("-mcpu=v4 can be given: accepted since 6.6 (6.1, 6.12)")
        func newest() async throws {
            let results = try await results("cpu-v4", flags: CompilerFlags(mcpu: "v4"), on: ["6.1", "6.12"])
            let old = try #require(results.cell("switched", on: "6.1"))
            #expect(old.verdict == .rejected && old.explanation?.code == .instructionUnknown, "\(old)")
            #expect(results.verdict("switched", on: "6.12") == .accepted)
        }
    }
}
