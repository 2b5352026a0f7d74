// SPDX-License-Identifier: Apache-2.0

import KernelStore
import Results
import VirtualMachine

/// A run of the matrix on kernels of another architecture: every object on every kernel, each as a whole.
public struct ForeignRun: Sendable {
    private let objects: [TestObject]
    private let kernels: [SelectedKernel]
    private let supply: ForeignSupply
    private let options: RunOptions
    private let logs: LogKeeper

    public init(
        objects: [TestObject],
        kernels: [SelectedKernel],
        supply: ForeignSupply,
        options: RunOptions = RunOptions(loader: .bpftool),
        logs: LogKeeper = LogKeeper()
    ) {
        self.objects = objects
        self.kernels = kernels
        self.supply = supply
        self.options = options
        self.logs = logs
    }

    /// Asks every kernel about every object, as many kernels at once as there are lanes, and tells what happens meanwhile.
    ///
    /// - Throws: `CancellationError`, and where the host can't keep the objects. What happens to kernels and guests is in the
    ///   results.
    public func run(report: @escaping @Sendable (RunEvent) -> Void) async throws -> MatrixResults {
        report(.began(objects: objects.map(\.described), kernels: kernels.map { described($0) }))
        let start = ContinuousClock.now
        let findings = try await supply.store.withTemporaryFolder { path in
            let folder = try ObjectFolder(objects, in: path)
            return try await options.inLanes(kernels) { try await ask($0, folder, report: report) }
        }
        return results(findings, seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    private func ask(
        _ selected: SelectedKernel,
        _ folder: ObjectFolder,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> KernelFindings {
        let spec = selected.spec
        let progress = objects.map { ObjectProgress(object: $0, kernel: spec, loader: .bpftool) }
        let examination = ScriptExamination(
            of: spec,
            folder: folder,
            progress: progress,
            limits: options.limits.on(.tcg),
            logs: logs,
            isIsolating: options.isIsolating
        ) { event in
            guard case .witness(let said) = event else { return report(event) }
            // A whole object's cell is what was said of it.
            guard let about = progress.first(where: { $0.object.name == said.object }) else { return }
            report(.cells(about.cellsByWitness(said)))
        }
        let statements: [WitnessStatement]
        var failure: String?
        switch selected {
        case .available(_, let kernel):
            report(.booting(kernel: spec, isToBeSaved: false))
            statements = try await examination.run(ForeignGuest(supply: supply, kernel: kernel, folder: folder))
            failure = statements.first { $0.verdict == .infrastructure }?.output
        case .unavailable(_, let reason):
            failure = reason
            statements = await examination.giveUp(because: reason, by: "bpftool")
        }
        if let failure { report(.kernelFailed(kernel: spec, reason: failure)) }
        let cells = zip(progress, statements).flatMap { object, statement in object.cellsByWitness(statement) }
        return KernelFindings(
            kernel: described(selected, seconds: await examination.startSeconds, failure: failure),
            cells: cells,
            statements: statements,
            libbpfVersion: nil
        )
    }

    private func described(_ selected: SelectedKernel, seconds: Double? = nil, failure: String? = nil) -> TestedKernel {
        let kernel = selected.kernel
        return TestedKernel(
            spec: selected.spec,
            version: kernel?.version ?? selected.spec,
            release: kernel?.release ?? "",
            digest: kernel?.digest ?? "",
            source: kernel?.source ?? "",
            architecture: supply.architecture.inResults,
            accelerator: Accelerator.tcg.rawValue,
            bootSeconds: seconds,
            isRestored: seconds == nil ? nil : false,
            failure: failure
        )
    }

    private func results(_ findings: [KernelFindings], seconds: Double) -> MatrixResults {
        let cells = objects.flatMap { object in
            findings.flatMap { finding in finding.cells.filter { $0.object == object.name } }
        }
        let statements = findings.flatMap(\.statements)
        // As it has introduced itself in the first guest that did.
        let introduced = statements.lazy.compactMap(\.loader).first { $0.hasPrefix("bpftool ") }
        let version = introduced.map { String($0.dropFirst("bpftool ".count)) } ?? supply.tools.bpftoolVersion
        return MatrixResults(
            tool: ToolVersion.current,
            loader: Version(name: "bpftool", version: version),
            witness: nil,
            objects: objects.map(\.described),
            kernels: findings.map(\.kernel),
            cells: cells,
            bpftool: statements,
            summary: Summary(cells: cells, witnesses: statements, seconds: seconds)
        )
    }
}
