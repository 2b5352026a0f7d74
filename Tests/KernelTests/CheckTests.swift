// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import Results
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

extension RealKernels {
    /// What is predicted without a guest, against what kernels say in one.
    @Suite struct CheckTests {
        private func accuracy(_ objects: [TestObject], isAsCompiled: Bool = false) async throws -> Accuracy {
            let kernels = try await TestKernels.selected(CauseProgram.lines)
            let store = try TestKernels.store
            let supply = try await TestKernels.supply(of: store)
            for kernel in kernels.compactMap(\.kernel) { try await supply.prepare(kernel, RunOptions()) { _ in } }
            let predictions = try await CheckRun(
                objects: objects,
                kernels: kernels,
                store: store,
                isAsCompiled: isAsCompiled
            ).run()
            #expect(predictions.kernels.allSatisfy { $0.isSurveyed && $0.failure == nil })
            let options = RunOptions(loader: .agent, isAsCompiled: isAsCompiled)
            let verdicts = try await TestKernels.run(objects, on: kernels, options: options)
            return Accuracy(predictions, against: verdicts)
        }

        @Test(
            "all of libbpf-tools does what was predicted, for the reason that was (5.10, 6.1, 6.12, 7.2, 7.3)",
            arguments: [
                (isAsCompiled: true, leastFailures: 120), (isAsCompiled: false, leastFailures: 25),
            ]
        )
        func tools(isAsCompiled: Bool, leastFailures: Int) async throws {
            let objects = try LibbpfTools.objects()
            #expect(objects.count >= 50, "libbpf-tools has 52 objects in Debian 12")
            let accuracy = try await accuracy(InputReader.unambiguous(objects), isAsCompiled: isAsCompiled)
            #expect(accuracy.defects.isEmpty, "\(accuracy.defects.map(\.description))")
            #expect(accuracy.lessExplained.isEmpty, "\(accuracy.lessExplained.map(\.description))")
            #expect(accuracy.unjudged == 0)
            #expect(accuracy.count(.willFail, .other) >= leastFailures)
            // docs/check.md has each. Of 1200, one in a hundred is the most.
            let unknown = Accuracy.Truth.allCases.map { accuracy.count(.cannotTell, $0) }.reduce(0, +)
            #expect(unknown <= 2)
            #expect(accuracy.sameCode == accuracy.count(.willFail, .other))
        }

        @Test("of programs made to be refused, none is predicted what it does not do (5.10, 6.1, 6.12, 7.2, 7.3)")
        func causes() async throws {
            let accuracy = try await accuracy(compiled(try CauseProgram.sources()), isAsCompiled: true)
            #expect(accuracy.defects.isEmpty, "\(accuracy.defects.map(\.description))")
            #expect(accuracy.lessExplained.isEmpty, "\(accuracy.lessExplained.map(\.description))")
            // A map of 16 GiB, for which no guest of a test is large enough, on the kernels that have no rule against it.
            #expect(accuracy.unjudged == 4)
            let failed = accuracy.count(.willFail, .other)
            #expect(failed >= 100)
            // A kernel may refuse it for another reason first.
            #expect(accuracy.sameCode >= failed - 2)
        }

        @Test("what rules once got wrong is predicted (5.10, 6.1, 6.12, 7.2, 7.3)")
        func rules() async throws {
            let folder = TestKernels.package.appending("Tests/Check")
            let sources = try FileManager.default.contentsOfDirectory(atPath: folder.string)
                .filter { $0.hasSuffix(".c") }
                .sorted()
                .map { folder.appending($0) }
            #expect(sources.count >= 15)
            let accuracy = try await accuracy(compiled(sources))
            #expect(accuracy.defects.isEmpty, "\(accuracy.defects.map(\.description))")
            #expect(accuracy.lessExplained.isEmpty, "\(accuracy.lessExplained.map(\.description))")
            #expect(accuracy.unjudged == 0)
            #expect(accuracy.count(.willFail, .other) >= 30)
        }

        private func compiled(_ sources: [FilePath]) async throws -> [TestObject] {
            var objects: [TestObject] = []
            for source in sources {
                let compiled = try await CompiledFixture.compile(source)
                objects.append(try InputReader.object(compiledFrom: source, at: compiled.path))
            }
            return objects
        }
    }
}
