// SPDX-License-Identifier: Apache-2.0

import KernelStore
import Matrix
import Results
import VerdictCache

/// Kernels and guests to test on, ready for one set of objects after the other.
struct TestBench: Sendable {
    let kernels: [SelectedKernel]
    let preparation: ObjectPreparation
    let guests: GuestMaker
    var options: RunOptions
    /// nil where it can't be used.
    let cache: VerdictCache?
    let logs: LogKeeper
    let isAskedAnew: Bool

    /// Settles now, and says, what the accelerator will be, so that it is not said of every set of objects.
    mutating func settleAccelerator(report: @Sendable (RunEvent) -> Void) async throws {
        guard case .native(let supply) = guests, options.accelerator == .auto,
            let kernel = kernels.lazy.compactMap(\.kernel).first
        else { return }
        let decision = try await supply.accelerator(.auto, trial: kernel)
        report(.note(decision.note))
        options.accelerator = decision.accelerator == .kvm ? .kvm : .tcg
    }

    /// From inputs to objects; what can't be tested is among them as such.
    func prepare(
        _ inputs: FoundInputs,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> ObjectPreparation.Prepared {
        try await preparation.prepare(inputs, kernels: kernels.compactMap(\.kernel), report: report)
    }

    /// Results where nothing can be tested: a red row for each input; no guest is started.
    func testNothing(_ prepared: ObjectPreparation.Prepared) -> MatrixResults {
        var results = prepared.inputs.untested(on: kernels)
        results.compilation = prepared.compilation
        return results
    }

    /// Asks all kernels about what was prepared. Inputs that failed are red rows of the results.
    ///
    /// - Parameter isAskedAnew: even what they have answered before.
    func test(
        _ prepared: ObjectPreparation.Prepared,
        isAskedAnew: Bool = false,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> MatrixResults {
        let isConsulted = !self.isAskedAnew && !isAskedAnew
        let inputs = prepared.inputs
        let report: @Sendable (RunEvent) -> Void = { event in
            for event in inputs.events(for: event) { report(event) }
        }
        let results =
            switch guests {
            case .native(let supply):
                try await MatrixRun(
                    objects: prepared.objects,
                    kernels: kernels,
                    supply: supply,
                    options: options,
                    memory: cache.map { VerdictMemory($0, isConsulted: isConsulted) },
                    logs: logs
                ).run(report: report)
            case .foreign(let supply):
                try await ForeignRun(
                    objects: prepared.objects,
                    kernels: kernels,
                    supply: supply,
                    options: options,
                    logs: logs
                ).run(report: report)
            }
        var complete = inputs.complete(results)
        complete.compilation = prepared.compilation
        return complete
    }
}
