// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelStore
import Results
import TestKernels
import Testing
import VerifierLog
import VirtualMachine

@testable import Matrix

extension RealKernels {
    /// Kernels without type information of their own, as those of vendors before 5.10 are. No archive has one: the guest hides
    /// what its kernel has, and libbpf finds what it would find there.
    @Suite struct ForeignTypesTests {
        /// A CO-RE program that attaches by name, and one that the kernel's own types must say where to.
        private static let both = """
            SEC("kprobe/do_unlinkat") int by_name(struct pt_regs *ctx)
            {
                struct task_struct *task = (void *)bpf_get_current_task();
                return BPF_CORE_READ(task, tgid) == 1;
            }
            SEC("fentry/do_unlinkat") int BPF_PROG(by_type, int dfd) { return 0; }

            """

        private func verdicts(
            of object: TestObject,
            typesBeside: Bool,
            _ strategy: LoadStrategy
        ) async throws -> [String: (judgement: Judgement, cause: CauseCode?)] {
            let kernel = try await TestKernels.kernel("5.10")
            let store = try TestKernels.store
            let types = try #require(kernel.btf)
            var machine = try await TestKernels.machine("5.10")
            machine.initramfs = GuestInitramfs(
                tools: try GuestTools(agent: TestKernels.agent, bpftool: nil),
                modules: kernel.modules.map {
                    .init(name: $0.name, path: store.path(of: $0.blob), digest: $0.blob.digest)
                },
                typeInformation: typesBeside ? .init(path: store.path(of: types), digest: types.digest) : nil
            )
            let configuration = machine
            return try await withVirtualMachine(configuration, bootLimit: .seconds(60)) { guest in
                try await guest.link.send(.fault(.noTypes))
                var session = GuestSession(guest, limits: ExaminationLimits(), strategy: strategy)
                var verdicts: [String: (judgement: Judgement, cause: CauseCode?)] = [:]
                let ended = try await session.load(
                    object.announced,
                    named: object.name,
                    programs: Set(object.contents.programs.map(\.name))
                ) { remark in
                    guard case .program(let report) = remark else { return }
                    let judgement = Judgement(report, refusedMaps: [])
                    let refusal = Refusal(object: object, program: report.program, refusedMaps: [], kernel: .none)
                    let explanation = refusal.explanation(of: report, judgement, log: VerifierLog(report.log))
                    verdicts[report.program] = (judgement, explanation?.code)
                }
                #expect(ended.stage == .finished, "\(ended)")
                return verdicts
            }
        }

        @Test(
            "CO-RE goes by types from outside; what needs the kernel's own is unsupported, and not rejected (5.10)",
            arguments: LoadStrategy.allCases
        )
        func external(strategy: LoadStrategy) async throws {
            let object = try await CompiledFixture.object("both", Self.both)
            let with = try await verdicts(of: object, typesBeside: true, strategy)
            #expect(with["by_name"]?.judgement.verdict == .accepted, "\(with)")
            #expect(with["by_type"]?.judgement.verdict == .unsupported, "\(with)")
            #expect(with["by_type"]?.judgement.message?.contains("no BTF of its own") == true, "\(with)")
            let without = try await verdicts(of: object, typesBeside: false, strategy)
            #expect(without["by_name"]?.judgement.verdict == .unsupported, "\(without)")
            #expect(without["by_type"]?.judgement.verdict == .unsupported, "\(without)")
            #expect(
                without.values.allSatisfy { $0.cause == .kernelWithoutTypes }
                    && with["by_type"]?.cause == .kernelWithoutTypes
            )
        }
    }
}
