// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelStore
import Results
import VirtualMachine

/// A run of the matrix: every object on every kernel.
public struct MatrixRun: Sendable {
    let objects: [TestObject]
    private let kernels: [SelectedKernel]
    let supply: GuestSupply
    let options: RunOptions
    private let memory: VerdictMemory?
    let logs: LogKeeper

    /// - Parameters:
    ///   - memory: what kernels have answered before; nil asks them everything and keeps nothing.
    ///   - logs: what becomes of whole logs; the usual one keeps none.
    public init(
        objects: [TestObject],
        kernels: [SelectedKernel],
        supply: GuestSupply,
        options: RunOptions = RunOptions(),
        memory: VerdictMemory? = nil,
        logs: LogKeeper = LogKeeper()
    ) {
        self.objects = objects
        self.kernels = kernels
        self.supply = supply
        self.options = options
        self.memory = memory
        self.logs = logs
    }

    private var bpftool: BPFTool? { supply.tools.bpftool }

    /// Asks every kernel about every object, and tells what happens meanwhile.
    ///
    /// - Throws: `MachineFailure` where KVM was asked for by name and does not work, `GuestInitramfs.Failure` where the
    ///   agent or bpftool can't be read, `CancellationError`. What happens to kernels and guests is in the results.
    public func run(report: @escaping @Sendable (RunEvent) -> Void) async throws -> MatrixResults {
        let decision = try await accelerator()
        // Who has named one need not be told.
        if let decision, options.accelerator == .auto { report(.note(decision.note)) }
        var columns: [Column] = []
        for kernel in kernels {
            columns.append(try await column(kernel, decision?.accelerator ?? .tcg, report: report))
        }
        report(.began(objects: objects.map(\.described), kernels: columns.map(\.described)))
        let start = ContinuousClock.now
        let findings = try await examine(columns, report: report)
        return results(findings, seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// A kernel with what it takes to ask it, or without.
    private enum Column {
        case examination(KernelExamination)
        case absent(KernelFindings)

        var described: TestedKernel {
            switch self {
            case .examination(let examination): examination.subject.described
            case .absent(let findings): findings.kernel
            }
        }

        var examination: KernelExamination? {
            guard case .examination(let examination) = self else { return nil }
            return examination
        }
    }

    private func column(
        _ selected: SelectedKernel,
        _ accelerator: Accelerator,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Column {
        switch selected {
        case .available(let spec, let kernel):
            let tell = { @Sendable (event: GuestSource.Event) in
                switch event {
                case .booting(let isToBeSaved): report(.booting(kernel: spec, isToBeSaved: isToBeSaved))
                case .note(let text): report(.note("\(kernel.version): \(text)"))
                }
            }
            let subject = KernelUnderTest(
                spec: spec,
                kernel: kernel,
                guests: supply.guests(of: kernel, accelerator, options, report: tell),
                largerGuests: options.largerMemory.map {
                    supply.guests(of: kernel, accelerator, options, memory: $0, report: tell)
                },
                store: supply.store
            )
            return .examination(
                KernelExamination(
                    subject,
                    objects: objects,
                    modules: await modules(of: kernel, called: spec, report: report),
                    loader: loader,
                    strategy: options.strategy,
                    limits: options.limits.on(accelerator),
                    isAsCompiled: options.isAsCompiled,
                    bpftool: bpftool?.version,
                    memory: memory,
                    logs: logs,
                    report: report
                )
            )
        case .unavailable(let spec, let reason):
            let kernel = TestedKernel(
                spec: spec,
                version: spec,
                release: "",
                digest: "",
                source: "",
                accelerator: accelerator.rawValue,
                failure: reason
            )
            return .absent(absence(of: kernel, reason: reason, report: report))
        }
    }

    /// Of each object; none where the kernel's modules are not known, or can't be read, which is said.
    private func modules(
        of kernel: Kernel,
        called spec: String,
        report: @Sendable (RunEvent) -> Void
    ) async -> [ObjectModules] {
        do {
            return try await ModuleSupply(store: supply.store, kernel: kernel).modules(
                for: objects,
                isLoading: options.loadsModules
            )
        } catch {
            let reason = "the modules of \(spec) can't be read: \(error)"
            report(.note(reason))
            return objects.map { _ in .notKnown(reason) }
        }
    }

    private func absence(
        of kernel: TestedKernel,
        reason: String,
        report: @Sendable (RunEvent) -> Void
    ) -> KernelFindings {
        report(.kernelFailed(kernel: kernel.spec, reason: reason))
        let cells = objects.map { object in
            object.rows(for: loader).map { row in
                Cell(
                    object: object.name,
                    program: row,
                    kernel: kernel.spec,
                    verdict: .infrastructure,
                    message: reason
                )
            }
        }
        for cells in cells { report(.cells(cells)) }
        return KernelFindings(kernel: kernel, cells: cells.flatMap { $0 }, statements: [], libbpfVersion: nil)
    }

    /// nil where there is no kernel to try it with.
    private func accelerator() async throws -> AcceleratorDecision? {
        guard let kernel = kernels.lazy.compactMap(\.kernel).first else { return nil }
        return try await supply.accelerator(options.accelerator, trial: kernel)
    }

    /// Lanes go from kernel to kernel until nothing is left; findings in the columns' order.
    private func examine(
        _ columns: [Column],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> [KernelFindings] {
        let examinations = columns.map(\.examination)
        let asked = examinations.compactMap { $0 }
        await memory?.recall(for: asked, report: report)
        try await ask(examinations)
        for examination in asked { try await askLargerGuests(examination) }
        var said: [[WitnessStatement]] = []
        if loader.asksImage, let image = options.image { said = try await askImage(image, asked, report: report) }
        var findings: [KernelFindings] = []
        var next = 0
        for column in columns {
            switch column {
            case .examination(let examination):
                var found = await examination.findings
                if said.indices.contains(next) {
                    let cells = await examination.addImage(said[next], isOnlyLoader: loader == .image)
                    found = found.adding(statements: said[next], cells: cells)
                }
                next += 1
                findings.append(found)
            case .absent(let absent): findings.append(absent)
            }
        }
        return findings
    }

    private func ask(_ examinations: [KernelExamination?]) async throws {
        var work: [[Int]] = []
        for examination in examinations { work.append(await examination?.unfinished ?? []) }
        let queue = options.queue(work)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<options.lanes {
                group.addTask {
                    while let column = await queue.join() {
                        guard let examination = examinations[column] else { continue }
                        try await Lane(
                            examination: examination,
                            guests: examination.subject.guests,
                            queue: queue,
                            column: column,
                            limits: examination.limits,
                            isIsolating: options.isIsolating
                        ).run()
                        await queue.leave(column)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// One guest at a time, since each may take as much memory as all others together.
    private func askLargerGuests(_ examination: KernelExamination) async throws {
        let objects = await examination.deferred
        guard !objects.isEmpty, let guests = examination.subject.largerGuests else { return }
        await examination.beginAskingLargerGuests()
        try await Lane(
            examination: examination,
            guests: guests,
            queue: options.queue([objects]),
            column: 0,
            limits: examination.limits.ofLargerGuests,
            isIsolating: true
        ).run()
    }

    /// Without bpftool there is nobody to ask but the agent.
    private var loader: LoaderChoice {
        let others = options.loader.subtracting(.bpftool)
        return bpftool == nil && !others.isEmpty ? others : options.loader
    }

    private func results(_ findings: [KernelFindings], seconds: Double) -> MatrixResults {
        let given = Dictionary(grouping: findings.flatMap(\.cells)) { [$0.object, $0.program, $0.kernel] }
        let cells = objects.flatMap { object in
            object.rows(for: loader).flatMap { row in
                findings.map { finding in
                    let kernel = finding.kernel.spec
                    // What nobody has answered is not left out of the count.
                    return given[[object.name, row, kernel]]?.first
                        ?? Cell(
                            object: object.name,
                            program: row,
                            kernel: kernel,
                            verdict: .infrastructure,
                            message: "no guest has answered for this program"
                        )
                }
            }
        }
        let statements = findings.flatMap(\.statements)
        let witness = loader.asksBPFTool ? bpftool.map { Version(name: "bpftool", version: $0.version) } : nil
        let libbpf = findings.lazy.compactMap(\.libbpfVersion).first
        let agent = Version(name: "libbpf", version: libbpf ?? "")
        return MatrixResults(
            tool: ToolVersion.current,
            loader: loader.asksAgent ? agent : witness ?? Self.imageLoader(statements) ?? agent,
            witness: loader.isSuperset(of: .both) ? witness : nil,
            image: loader.asksImage
                ? options.image.map { TestedImage(name: $0.disk.name, sha256: $0.disk.digest) } : nil,
            objects: objects.map(\.described),
            kernels: findings.map(\.kernel),
            cells: cells,
            bpftool: statements,
            summary: Summary(cells: cells, witnesses: statements, seconds: seconds)
        )
    }
}

extension MatrixRun {
    /// As it has introduced itself in the first guest that did.
    private static func imageLoader(_ statements: [WitnessStatement]) -> Version? {
        guard let name = statements.lazy.compactMap(\.loader).first(where: { $0.contains(" ") }) else { return nil }
        let words = name.split(separator: " ", maxSplits: 1).map(String.init)
        return Version(name: words[0], version: words[1])
    }
}

/// This tool, as results name it.
public enum ToolVersion {
    public static let current = Version(name: "bpfmatrix", version: "0.1.0")
}

extension TestObject {
    /// What has a cell: every program, or the object as a whole where the loader speaks of nothing smaller.
    func rows(for loader: LoaderChoice) -> [String] {
        loader.asksAgent ? contents.programs.map(\.name) : [ObjectProgress.wholeObject]
    }
}
