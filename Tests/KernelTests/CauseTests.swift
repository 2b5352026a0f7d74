// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import Matrix
import Results
import SystemPackage
import TestKernels
import Testing
import VerifierLog

/// All programs of Tests/Causes, asked once of all kernels.
private enum CauseRun {
    struct Outcome {
        var programs: [CauseProgram]
        var results: MatrixResults
        var cured: [CuredProgram]
        var cures: MatrixResults

        func cell(_ program: CauseProgram, on line: String) -> Cell? {
            results.cells.first {
                $0.object == program.file.replacing(".c", with: ".bpf.o") && $0.program == program.name
                    && $0.kernel == line
            }
        }
    }

    private static let run = Task {
        let sources = try CauseProgram.sources()
        let cures = try CuredProgram.sources()
        return Outcome(
            programs: try sources.flatMap(CauseProgram.programs),
            results: try await results(of: sources),
            cured: try cures.flatMap(CuredProgram.programs),
            cures: try await results(of: cures)
        )
    }

    private static func results(of sources: [FilePath]) async throws -> MatrixResults {
        var objects: [TestObject] = []
        for source in sources {
            let compiled = try await CompiledFixture.compile(source)
            objects.append(try InputReader.object(compiledFrom: source, at: compiled.path))
        }
        return try await TestKernels.run(
            objects,
            on: try await TestKernels.selected(CauseProgram.lines),
            options: RunOptions(loader: .agent, isAsCompiled: true)
        )
    }

    static var outcome: Outcome { get async throws { try await run.value } }
}

extension RealKernels {
    @Suite struct CauseTests {
        @Test(
            "a program is refused for its own cause and no other, on its own line of C, or accepted",
            arguments: CauseProgram.lines
        )
        func causes(line: String) async throws {
            let outcome = try await CauseRun.outcome
            #expect(outcome.programs.count > 120)
            for program in outcome.programs {
                let cell = try #require(outcome.cell(program, on: line), "\(program)")
                let expected = try #require(program.expected[line])
                guard let expected else {
                    #expect(cell.verdict == .accepted, "\(program): \(cell.explanation?.words ?? [])")
                    continue
                }
                let explanation = try #require(cell.explanation, "\(program): \(cell.verdict)")
                #expect(explanation.code == expected, "\(program): \(explanation.sentence), \(explanation.words)")
                if let refusedLine = program.refusedLines[line] {
                    #expect(
                        explanation.place?.line == refusedLine,
                        "\(program): \(String(describing: explanation.place))"
                    )
                }
            }
            let nobody = outcome.results.cells.filter { cell in
                cell.kernel == line && !outcome.programs.contains { $0.name == cell.program }
            }
            #expect(nobody.isEmpty, "programs that nothing is expected of: \(nobody.map(\.program))")
        }

        @Test(
            "what a kernel is too old for, no kernel from the line on that is told refuses alike (5.10, 6.1, 6.12, 7.2, 7.3)"
        )
        func since() async throws {
            let outcome = try await CauseRun.outcome
            var told = 0
            for program in outcome.programs {
                let cells = CauseProgram.lines.compactMap { outcome.cell(program, on: $0) }
                for explanation in cells.compactMap(\.explanation) {
                    guard let since = explanation.since else { continue }
                    told += 1
                    let newer = cells.filter { cell in LinuxVersion(cell.kernel).map { $0 >= since } ?? false }
                    let refusedAlike = newer.filter { $0.explanation?.code == explanation.code }
                    #expect(refusedAlike.isEmpty, "\(program): since \(since), and yet \(refusedAlike.map(\.kernel))")
                }
            }
            #expect(told > 20)
        }

        @Test("what the agent puts in the place of a log's lost end is what readers of logs take for it")
        func cutNote() {
            #expect(ProgramReport.cutNote == VerifierLog.cutNote)
        }

        @Test(
            "what the document says of a cause counts to the last digit, but for what a build of a kernel or compiler changes"
        )
        func lasting() {
            let said =
                "| `x` | `libbpf: extern (func ksym) 'f': func_proto [6] incompatible with vmlinux [9]` | `call f#65708` |"
            let other =
                "| `x` | `libbpf: extern (func ksym) 'f': func_proto [7] incompatible with vmlinux [12345]` | `call f#65709` |"
            #expect(CauseDocument.lasting(said) == CauseDocument.lasting(other))
            #expect(CauseDocument.lasting("on Linux 6.1.2 and") == CauseDocument.lasting("on Linux 6.1.34 and"))
            for (one, two) in [
                ("(since 5.17)", "(since 5.18)"), ("which has 8 bytes", "which has 4 bytes"),
                ("R6 pointed", "R7 pointed"),
                ("Linux 6.1.2", "Linux 6.2.2"), ("nothing (errno 7)", "nothing (errno 22)"), ("func x#9", "func x#10"),
            ] {
                #expect(CauseDocument.lasting(one) != CauseDocument.lasting(two))
            }
        }

        @Test("every code but those that can't be provoked here is shown by a program")
        func complete() throws {
            let programs = try CauseProgram.sources().flatMap { try CauseProgram.programs(in: $0) }
            let shown = Set(programs.flatMap { $0.expected.values.compactMap { $0 } })
            let others = Set(CauseCode.allCases).subtracting(shown)
            #expect(others == Set(CauseDocument.shownElsewhere.keys))
        }

        @Test("a cure that is applied helps: four kernels or more accept the program, and every cure is applied in one")
        func cures() async throws {
            let outcome = try await CauseRun.outcome
            let known = Set(outcome.programs.map(\.name))
            #expect(Set(outcome.cured.map(\.name)).count == outcome.cured.count)
            for program in outcome.cured {
                #expect(program.refused.allSatisfy(known.contains), "\(program): \(program.refused)")
                #expect(program.accepted.count >= 4, "\(program)")
                for cell in outcome.cures.cells where cell.program == program.name {
                    let isAccepted = cell.verdict == .accepted
                    #expect(
                        isAccepted == program.accepted.contains(cell.kernel),
                        "\(program) on \(cell.kernel): \(cell.verdict) \(cell.explanation?.sentence ?? "")"
                    )
                }
                #expect(
                    outcome.cures.cells.count { $0.program == program.name } == CauseProgram.lines.count,
                    "\(program)"
                )
            }
            let document = CauseDocument(programs: outcome.programs, results: outcome.results, cured: outcome.cured)
            #expect(document.unproven == [])
        }

        /// `make causes` writes it: BPFMATRIX_WRITE_CAUSES is set then.
        @Test("docs/causes.md is what these kernels say of these programs (5.10, 6.1, 6.12, 7.2, 7.3)")
        func document() async throws {
            let outcome = try await CauseRun.outcome
            let document = CauseDocument(programs: outcome.programs, results: outcome.results, cured: outcome.cured)
                .text
            let path = TestKernels.package.appending("docs/causes.md")
            if ProcessInfo.processInfo.environment["BPFMATRIX_WRITE_CAUSES"] != nil { try path.write(document) }
            let kept = try String(contentsOfFile: path.string, encoding: .utf8)
            let isSame = CauseDocument.lasting(kept) == CauseDocument.lasting(document)
            #expect(isSame, "docs/causes.md is not what the kernels say: `make causes` rebuilds it")
        }
    }
}
