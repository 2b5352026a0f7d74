// SPDX-License-Identifier: Apache-2.0

import KernelStore
import Matrix
import Platform
import Results
import TestKernels
import Testing
import VirtualMachine

extension RealKernels {
    /// Kernels of another architecture, emulated, in which Debian's bpftool loads.
    @Suite struct ForeignTests {
        private static let foreign = Architecture.host == .amd64 ? Architecture.arm64 : .amd64

        /// In the user's store, like all kernels of tests.
        private func kernel(_ line: String) async throws -> Kernel {
            var sources = KernelSources([.debian])
            sources.architecture = Self.foreign
            return try await KernelSelection(store: try TestKernels.store, sources: sources).kernel(line) { _ in }
        }

        private func supply() async throws -> ForeignSupply {
            try await ForeignSupply(fetchingInto: try TestKernels.store, for: Self.foreign) { _ in }
        }

        @Test("a foreign kernel accepts the good object and refuses the bad one, each as a whole (6.1)")
        func verdicts() async throws {
            let kernel = try await kernel("6.1")
            #expect(kernel.architecture == Self.foreign)
            #expect(kernel.btf != nil)
            let results = try await ForeignRun(
                objects: [
                    try await CompiledFixture.object("good", Programs.accepted),
                    try await CompiledFixture.object("bad", Programs.nullDereference),
                ],
                kernels: [.available(spec: "6.1", kernel)],
                supply: try await supply()
            ).run { _ in }
            #expect(results.cells.map(\.program) == ["*", "*"])
            #expect(results.cells.map(\.verdict) == [.accepted, .rejected], "\(results.cells)")
            #expect(results.cells.last?.log?.contains("invalid mem access") == true)
            #expect(results.kernels.first?.architecture == Self.foreign.rawValue)
            #expect(results.kernels.first?.failure == nil)
            #expect(results.loader.name == "bpftool" && !results.loader.version.isEmpty)
            #expect(results.summary.exitStatus == ExitStatus.notAsExpected)
        }

        @Test("a foreign guest that dies before it has proved itself is infrastructure, and no verdict (6.1)")
        func death() async throws {
            let whole = try await supply()
            // Without its shell nothing can be its first process.
            let tools = GuestToolset(
                architecture: whole.tools.architecture,
                files: whole.tools.files.filter { $0.name != GuestToolset.shell },
                packages: whole.tools.packages
            )
            var options = RunOptions(loader: .bpftool)
            options.limits.infrastructureRetries = 0
            let results = try await ForeignRun(
                objects: [try await CompiledFixture.object("good", Programs.accepted)],
                kernels: [.available(spec: "6.1", try await kernel("6.1"))],
                supply: ForeignSupply(store: whole.store, tools: tools),
                options: options
            ).run { _ in }
            #expect(results.cells.map(\.verdict) == [.infrastructure])
            #expect(results.kernels.first?.failure?.contains("panic") == true, "\(results.kernels)")
            #expect(results.summary.exitStatus == ExitStatus.noVerdict)
        }
    }
}
