// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import KernelStore
import Matrix
import Results
import SystemPackage
import VirtualMachine

/// Real kernels for tests: pulled into the user's own store the first time, and never again.
public enum TestKernels {
    /// The lines that every integration test runs on.
    public static let lines = ["5.10", "6.1", "6.12", "7.2"]

    /// Only one test at a time pulls.
    private actor Pull {
        var kernels: [String: Kernel] = [:]

        func kernel(_ line: String) async throws -> Kernel {
            if let known = kernels[line] { return known }
            let selection = KernelSelection(store: try TestKernels.store, sources: KernelSources([.debian]))
            let kernel = try await selection.kernel(line) { _ in }
            kernels[line] = kernel
            return kernel
        }
    }

    private static let pull = Pull()

    public static var store: KernelStore { get throws { try KernelStore() } }

    public static func kernel(_ line: String) async throws -> Kernel {
        try await pull.kernel(line)
    }

    public static func selected(_ lines: [String] = lines) async throws -> [SelectedKernel] {
        var selected: [SelectedKernel] = []
        for line in lines { selected.append(.available(spec: line, try await kernel(line))) }
        return selected
    }

    /// The package's own folder.
    public static let package = FilePath(#filePath)
        .removingLastComponent().removingLastComponent().removingLastComponent()

    /// The agent as `make test` builds it: optimised, since it runs in emulated guests.
    public static let agent = package.appending(".build/release/bpfmatrix-guest")

    /// Asks the kernels about the objects.
    public static func run(
        _ objects: [TestObject],
        on kernels: [SelectedKernel],
        options: RunOptions = RunOptions(),
        store: KernelStore? = nil
    ) async throws -> MatrixResults {
        try await MatrixRun(
            objects: objects,
            kernels: kernels,
            supply: try await supply(of: store ?? self.store),
            options: options
        ).run { _ in }
    }

    /// The tests' agent, and the machine's bpftool.
    public static func supply(of store: KernelStore) async throws -> GuestSupply {
        GuestSupply(store: store, tools: try GuestTools(agent: agent, bpftool: try await BPFTool.locate()))
    }

    /// A guest of `line`, as a run would have it.
    public static func machine(_ line: String) async throws -> MachineConfiguration {
        let supply = GuestSupply(store: try store, tools: try GuestTools(agent: agent, bpftool: nil))
        return supply.machine(for: try await kernel(line), .tcg)
    }
}

extension MatrixResults {
    /// The cell's verdict; nil where there is no such cell.
    public func verdict(_ program: String, on kernel: String) -> Verdict? {
        cell(program, on: kernel)?.verdict
    }

    public func cell(_ program: String, on kernel: String) -> Cell? {
        cells.first { $0.program == program && $0.kernel == kernel }
    }
}
