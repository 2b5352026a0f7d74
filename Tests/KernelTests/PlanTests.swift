// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Matrix
import Results
import TestKernels
import Testing

extension RealKernels {
    @Suite struct PlanTests {
        @Test("the plan's two programs are accepted by 5.10, 6.1, 6.12 and 7.2, by both loaders")
        func plan() async throws {
            let folder = TestKernels.package.appending("src/bpf")
            var objects: [TestObject] = []
            for name in ["minimal", "simple_kprobe"] {
                let source = folder.appending("\(name).c")
                objects.append(
                    try InputReader.object(compiledFrom: source, at: try await CompiledFixture.compile(source).path)
                )
            }
            let results = try await TestKernels.run(objects, on: try await TestKernels.selected())
            #expect(results.cells.count == 8)
            for cell in results.cells {
                #expect(cell.verdict == .accepted, "\(cell)")
                #expect((cell.instructions ?? 0) > 0, "the verifier's statistics are missing: \(cell)")
            }
            #expect(results.bpftool.count == 8)
            #expect(results.bpftool.allSatisfy { $0.verdict == .accepted && $0.disagreement == nil })
            #expect(results.summary.exitStatus == ExitStatus.asExpected)
            #expect(results.loader == Version(name: "libbpf", version: "1.7.0"))
            for kernel in results.kernels { #expect((kernel.bootSeconds ?? 0) > 0) }
            #expect(results.objects.map(\.sha256) == objects.map { ContentDigest(of: $0.bytes).hexadecimal })
        }

        @Test("with bpftool as the only loader, each object has one verdict (6.1)")
        func onlyBPFTool() async throws {
            let good = try await CompiledFixture.object("good", Programs.accepted)
            let bad = try await CompiledFixture.object("bad", Programs.accepted + Programs.nullDereference)
            let results = try await TestKernels.run(
                [good, bad],
                on: try await TestKernels.selected(["6.1"]),
                options: RunOptions(loader: .bpftool)
            )
            #expect(results.cells.map(\.program) == ["*", "*"])
            #expect(results.cells.map(\.verdict) == [.accepted, .rejected])
            #expect(results.cells[1].log?.contains("map_value_or_null") == true)
            #expect(results.loader.name == "bpftool")
        }
    }
}
