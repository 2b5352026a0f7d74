// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelStore
import Results
import SystemPackage
import VirtualMachine

/// A run of the matrix: every object on every kernel.
public struct MatrixRun: Sendable {
    private let objects: [TestObject]
    private let kernels: [SelectedKernel]
    private let store: KernelStore
    private let agent: FilePath
    private let bpftool: BPFTool?
    private let options: RunOptions

    /// - Parameters:
    ///   - agent: the static `bpfmatrix-guest`.
    ///   - bpftool: what the second witness runs; without it only the agent is asked.
    public init(
        objects: [TestObject],
        kernels: [SelectedKernel],
        store: KernelStore,
        agent: FilePath,
        bpftool: BPFTool?,
        options: RunOptions = RunOptions()
    ) {
        self.objects = objects
        self.kernels = kernels
        self.store = store
        self.agent = agent
        self.bpftool = bpftool
        self.options = options
    }

    /// Asks every kernel about every object, and tells what happens meanwhile.
    ///
    /// - Throws: `MachineFailure` where KVM was asked for by name and does not work, `CancellationError`. What happens to
    ///   kernels and guests is in the results.
    public func run(report: @escaping @Sendable (RunEvent) -> Void) async throws -> MatrixResults {
        try await store.withTemporaryFolder { folder in
            let decision = try await accelerator(in: folder)
            if let decision { report(.note("\(decision.accelerator.title): \(decision.reason)")) }
            let columns = kernels.map { column($0, decision?.accelerator ?? .tcg, in: folder) }
            report(.began(objects: objects.map(\.described), kernels: columns.map(\.described)))
            let start = ContinuousClock.now
            let findings = try await examine(columns, report: report)
            return results(findings, seconds: (ContinuousClock.now - start) / .seconds(1))
        }
    }

    /// A kernel with what it takes to ask it, or without.
    private enum Column {
        case subject(KernelUnderTest)
        case absent(TestedKernel)

        var described: TestedKernel {
            switch self {
            case .subject(let subject): subject.described
            case .absent(let kernel): kernel
            }
        }
    }

    private func column(_ selected: SelectedKernel, _ accelerator: Accelerator, in folder: FilePath) -> Column {
        let spec: String
        let reason: String
        switch selected {
        case .available(let name, let kernel):
            do throws(GuestInitramfs.Failure) {
                let machine = try machine(for: kernel, accelerator, in: folder)
                return .subject(KernelUnderTest(spec: name, kernel: kernel, machine: machine))
            } catch {
                (spec, reason) = (name, "\(error)")
            }
        case .unavailable(let name, let why): (spec, reason) = (name, why)
        }
        return .absent(
            TestedKernel(
                spec: spec,
                version: spec,
                release: "",
                digest: "",
                source: "",
                accelerator: accelerator.rawValue,
                failure: reason
            )
        )
    }

    private func machine(
        for kernel: Kernel,
        _ accelerator: Accelerator,
        in folder: FilePath
    ) throws(GuestInitramfs.Failure) -> MachineConfiguration {
        let initramfs = folder.appending("\(kernel.name).cpio")
        try GuestInitramfs(
            agent: agent,
            modules: kernel.modules.map { .init(name: $0.name, path: store.path(of: $0.blob)) },
            config: kernel.config.map { (kernel.release, store.path(of: $0)) },
            bpftool: options.loader.asksBPFTool ? bpftool : nil
        ).write(to: initramfs)
        return MachineConfiguration(
            kernelImage: store.path(of: kernel.image),
            initramfs: initramfs,
            accelerator: accelerator
        )
    }

    /// nil where there is no kernel to try it with.
    private func accelerator(in folder: FilePath) async throws -> AcceleratorDecision? {
        guard let kernel = kernels.lazy.compactMap(\.kernel).first else { return nil }
        let trial = try machine(for: kernel, .tcg, in: folder)
        return try await AcceleratorProbe(memory: store.acceleratorMemory).decide(options.accelerator, trial: trial)
    }

    /// As many kernels at once as there are lanes; findings in the columns' order.
    private func examine(
        _ columns: [Column],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> [KernelFindings] {
        try await withThrowingTaskGroup(of: (Int, KernelFindings).self) { group in
            var waiting = columns.enumerated().makeIterator()
            func startNext() {
                guard let (index, column) = waiting.next() else { return }
                group.addTask { (index, try await examine(column, report: report)) }
            }
            for _ in 0..<options.lanes(for: columns.count) { startNext() }
            var findings: [Int: KernelFindings] = [:]
            while let (index, found) = try await group.next() {
                findings[index] = found
                startNext()
            }
            return findings.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func examine(
        _ column: Column,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> KernelFindings {
        switch column {
        case .subject(let subject):
            return try await KernelExamination(
                subject,
                objects: objects,
                loader: loader,
                strategy: options.strategy,
                limits: options.limits,
                report: report
            ).run()
        case .absent(let kernel):
            let reason = kernel.failure ?? ""
            report(.kernelFailed(kernel: kernel.spec, reason: reason))
            let cells = objects.flatMap { object in
                object.rows(for: loader).map {
                    Cell(
                        object: object.name,
                        program: $0,
                        kernel: kernel.spec,
                        verdict: .infrastructure,
                        message: reason
                    )
                }
            }
            for cell in cells { report(.cell(cell)) }
            return KernelFindings(kernel: kernel, cells: cells, statements: [], libbpfVersion: nil)
        }
    }

    /// Without bpftool there is nobody to ask but the agent.
    private var loader: LoaderChoice { options.loader == .both && bpftool == nil ? .agent : options.loader }

    private func results(_ findings: [KernelFindings], seconds: Double) -> MatrixResults {
        let cells = objects.flatMap { object in
            object.rows(for: loader).flatMap { row in
                findings.flatMap(\.cells).filter { $0.object == object.name && $0.program == row }
            }
        }
        let statements = findings.flatMap(\.statements)
        let witness = loader.asksBPFTool ? bpftool.map { Version(name: "bpftool", version: $0.version) } : nil
        let libbpf = findings.lazy.compactMap(\.libbpfVersion).first
        let agent = Version(name: "libbpf", version: libbpf ?? "")
        return MatrixResults(
            tool: ToolVersion.current,
            loader: loader.asksAgent ? agent : witness ?? agent,
            witness: loader == .both ? witness : nil,
            objects: objects.map(\.described),
            kernels: findings.map(\.kernel),
            cells: cells,
            bpftool: statements,
            summary: Summary(cells: cells, witnesses: statements, seconds: seconds)
        )
    }
}

/// This tool, as results name it.
public enum ToolVersion {
    public static let current = Version(name: "bpfmatrix", version: "0.1.0")
}

extension Accelerator {
    fileprivate var title: String {
        switch self {
        case .kvm: "KVM"
        case .tcg: "emulated (no KVM)"
        }
    }
}

extension TestObject {
    /// What has a cell: every program, or the object as a whole where the loader speaks of nothing smaller.
    func rows(for loader: LoaderChoice) -> [String] {
        loader.asksAgent ? contents.programs.map(\.name) : [ObjectProgress.wholeObject]
    }
}
