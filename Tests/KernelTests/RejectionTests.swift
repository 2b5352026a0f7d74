// SPDX-License-Identifier: Apache-2.0

import Matrix
import Results
import TestKernels
import Testing

extension RealKernels {
    @Suite struct RejectionTests {
        /// Each in an object of its own, so that bpftool's word is about that program alone.
        private static let sources = [
            ("null", Programs.nullDereference), ("loop", Programs.loop), ("helper", Programs.newHelper),
            ("target", Programs.missingTarget),
            ("bloom", Programs.bloomFilter), ("field", Programs.missingField), ("kfunc", Programs.missingKfunc),
        ]

        @Test("each kind of refusal is told from the others, on 5.10, 6.1, 6.12 and 7.2")
        func kinds() async throws {
            var objects: [TestObject] = []
            for (name, code) in Self.sources { objects.append(try await CompiledFixture.object(name, code)) }
            let results = try await TestKernels.run(objects, on: try await TestKernels.selected())

            for kernel in TestKernels.lines {
                let isOld = kernel == "5.10"
                let rejected = try #require(results.cell("null_dereference", on: kernel))
                #expect(rejected.verdict == .rejected)
                #expect(rejected.errno == 13)
                #expect(rejected.message == "R0 invalid mem access 'map_value_or_null'")
                #expect(rejected.sourceLine?.hasPrefix("return *value;") == true, "\(rejected)")
                #expect(rejected.log?.contains("call bpf_map_lookup_elem#1") == true, "the whole log is missing")
                #expect((rejected.instructions ?? 0) > 0)

                let loop = try #require(results.cell("uses_loop", on: kernel))
                // 5.10 does not even know what a callback is, and complains of the count of functions.
                #expect(loop.verdict == (isOld ? .rejected : .accepted), "\(loop)")
                let helper = try #require(results.cell("new_helper", on: kernel))
                #expect(helper.verdict == (isOld ? .unsupported : .accepted), "\(helper)")
                if isOld { #expect(helper.message == "helper number 173 is unknown to this kernel") }
                let target = try #require(results.cell("missing_target", on: kernel))
                #expect(target.verdict == .target, "\(target)")
                #expect(target.errno == 3)
                let bloom = try #require(results.cell("uses_bloom", on: kernel))
                #expect(bloom.verdict == (isOld ? .map : .accepted), "\(bloom)")
                if isOld { #expect(bloom.message?.contains("map 'bloom' (bloom_filter)") == true, "\(bloom)") }
                let field = try #require(results.cell("missing_field", on: kernel))
                #expect(field.verdict == .relocation, "\(field)")
                let kfunc = try #require(results.cell("missing_kfunc", on: kernel))
                #expect(kfunc.verdict == .unsupported, "\(kfunc)")
            }
            #expect(results.summary.disagreements == 0, "\(results.bpftool.compactMap(\.disagreement))")
            #expect(results.summary.infrastructure == 0)
            #expect(results.summary.exitStatus == ExitStatus.notAsExpected)
        }

        @Test("a map that was refused makes no program of its object green (5.10)")
        func refusedMap() async throws {
            let object = try await CompiledFixture.object("mixed", Programs.bloomFilter + Programs.accepted)
            let results = try await TestKernels.run([object], on: try await TestKernels.selected(["5.10"]))
            #expect(results.verdict("uses_bloom", on: "5.10") == .map)
            #expect(results.verdict("good", on: "5.10") == .map)
            #expect(results.bpftool.first?.verdict == .rejected)
            #expect(results.summary.disagreements == 0)
        }

        @Test("a program that is not decided in time is a timeout, and its neighbours have their verdicts (6.12)")
        func timeout() async throws {
            let code = Programs.accepted + Programs.endless + Programs.nullDereference
            let object = try await CompiledFixture.object("slow", code)
            // The agent is told nothing of the limit: emulated, a million instructions take several times as long.
            let limits = ExaminationLimits(program: .seconds(1))
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: RunOptions(loader: .agent, limits: limits, accelerator: .tcg)
            )
            #expect(results.verdict("endless", on: "6.12") == .timeout, "\(results.cells)")
            #expect(results.verdict("good", on: "6.12") == .accepted)
            #expect(results.verdict("null_dereference", on: "6.12") == .rejected)
            #expect(results.summary.exitStatus == ExitStatus.notAsExpected)
        }

        @Test("a program that is loaded with its struct_ops map ends a run all the same when it is too slow (6.12)")
        func structOps() async throws {
            let object = try await CompiledFixture.object("struct-ops", Programs.slowStructOps)
            let limits = ExaminationLimits(program: .seconds(1))
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: RunOptions(loader: .agent, limits: limits, accelerator: .tcg)
            )
            #expect(results.verdict("slow_ssthresh", on: "6.12") == .timeout, "\(results.cells)")
            #expect(results.verdict("quick_undo", on: "6.12") == .accepted, "\(results.cells)")
        }

        @Test("a program that bpftool can't pin because it is optional is no disagreement (6.12)")
        func optional() async throws {
            let object = try await CompiledFixture.object("optional", Programs.accepted + Programs.optional)
            let results = try await TestKernels.run([object], on: try await TestKernels.selected(["6.12"]))
            #expect(results.verdict("good", on: "6.12") == .accepted)
            #expect(results.verdict("optional", on: "6.12") == .accepted)
            #expect(results.summary.disagreements == 0, "\(results.bpftool)")
            #expect(results.summary.exitStatus == ExitStatus.asExpected)
        }

        @Test("a kernel that no source has leaves the others' verdicts alone (6.1)")
        func missingKernel() async throws {
            let object = try await CompiledFixture.object("good", Programs.accepted)
            let kernels = try await TestKernels.selected(["6.1"]) + [.unavailable(spec: "4.4", reason: "nobody has it")]
            let results = try await TestKernels.run([object], on: kernels)
            #expect(results.verdict("good", on: "6.1") == .accepted)
            #expect(results.verdict("good", on: "4.4") == .infrastructure)
            #expect(results.kernels.last?.failure == "nobody has it")
            #expect(results.summary.exitStatus == ExitStatus.noVerdict)
        }
    }
}
