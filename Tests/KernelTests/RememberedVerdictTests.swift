// SPDX-License-Identifier: Apache-2.0

import Matrix
import Results
import SystemPackage
import TestKernels
import Testing
import VerdictCache

extension RealKernels {
    /// The same bytes on the same kernels again.
    @Suite struct RememberedVerdictTests {
        private func run(
            _ objects: [TestObject],
            _ lines: [String],
            _ cache: VerdictCache,
            _ options: RunOptions = RunOptions(accelerator: .tcg),
            isConsulted: Bool = true
        ) async throws -> MatrixResults {
            try await MatrixRun(
                objects: objects,
                kernels: try await TestKernels.selected(lines),
                supply: try await TestKernels.supply(of: TestKernels.store),
                options: options,
                memory: VerdictMemory(cache, isConsulted: isConsulted)
            ).run { _ in }
        }

        /// What was found out, without how.
        private func findings(_ results: MatrixResults) -> [String] {
            results.cells.map { cell in
                var cell = cell
                cell.isCached = false
                return "\(cell)"
            }
                + results.bpftool.map { statement in
                    var statement = statement
                    statement.isCached = false
                    return "\(statement)"
                }
        }

        @Test("are answered without a guest, in the same words; and asked anew where that is wanted (6.1, 6.12)")
        func again() async throws {
            try await withScratchFolder { folder in
                let cache = try VerdictCache(at: folder.appending("verdicts.sqlite"))
                let object = try await CompiledFixture.object(
                    "mixed",
                    Programs.accepted + Programs.nullDereference + Programs.loop
                )
                let lines = ["6.1", "6.12"]
                let first = try await run([object], lines, cache)
                #expect(first.summary.cached == 0)
                #expect(first.verdict("null_dereference", on: "6.1") == .rejected)
                let second = try await run([object], lines, cache)
                #expect(second.summary.cached == 6)
                #expect(second.kernels.map(\.bootSeconds) == [nil, nil])
                #expect(second.loader == first.loader)
                #expect(findings(second) == findings(first))

                let wider = try await run([object], lines + ["5.10"], cache)
                #expect(wider.summary.cached == 6)
                #expect(wider.kernels.map { $0.bootSeconds == nil } == [true, true, false])
                #expect(wider.verdict("uses_loop", on: "5.10") != .accepted)

                let anew = try await run([object], lines, cache, isConsulted: false)
                #expect(anew.summary.cached == 0)
                #expect(anew.kernels.allSatisfy { $0.bootSeconds != nil })
                #expect(anew.cells.map(\.verdict) == first.cells.map(\.verdict))
            }
        }

        @Test("a program that the verifier was not done with is asked about again (6.12)")
        func unfinished() async throws {
            try await withScratchFolder { folder in
                let cache = try VerdictCache(at: folder.appending("verdicts.sqlite"))
                let object = try await CompiledFixture.object("slow", Programs.accepted + Programs.endless)
                let hasty = RunOptions(
                    loader: .agent,
                    limits: ExaminationLimits(program: .seconds(1)),
                    accelerator: .tcg
                )
                let first = try await run([object], ["6.12"], cache, hasty)
                #expect(first.verdict("endless", on: "6.12") == .timeout)
                let second = try await run([object], ["6.12"], cache, hasty)
                #expect(second.summary.cached == 0)
                #expect(second.verdict("endless", on: "6.12") == .timeout)
            }
        }
    }
}
