// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Compiler
import Foundation
import GuestProtocol
import KernelStore
import Matrix
import Results
import SystemPackage
import VerifierLog
import VirtualMachine

/// What is measured, and in which relation: docs/performance.md says what the figures mean.
struct Benchmark {
    let supply: GuestSupply
    let kernels: [SelectedKernel]
    /// The programs of src/bpf, compiled.
    let sources: [TestObject]
    /// Debian's libbpf-tools.
    let tools: [TestObject]

    func run(into results: inout BenchmarkResults) async throws {
        try await starts(into: &results)
        try await sources(into: &results)
        try await tools(into: &results)
        try await transport(into: &results)
        try await sizes(into: &results)
        try await logs(into: &results)
    }

    /// Reading a verifier's log, from which an explanation is made; and that ten times as much takes ten times as long.
    private func logs(into results: inout BenchmarkResults) async throws {
        let sizes = [100, 10]
        let logs = sizes.map { LongLog.bytes(atLeast: $0 * 1_000_000) }
        let taken = try await Measurement.take(
            zip(sizes, logs).map { size, log in
                (
                    "a log of \(size) MB read (reach < 1 s for 100 MB)",
                    {
                        let begin = ContinuousClock.now
                        guard !VerifierLog(log).registers.isEmpty else { throw LongLog.NotUnderstood() }
                        return (ContinuousClock.now - begin) / .seconds(1)
                    }
                )
            }
        )
        results.measurements += taken
        results.ratios.append(Ratio(taken[0], over: taken[1], reach: "≤ 11"))
    }

    /// Cold boots, restores, and QEMU with nothing around it.
    private func starts(into results: inout BenchmarkResults) async throws {
        for case .available(let spec, let kernel) in kernels {
            let warm = guests(of: kernel)
            try await warm.makeTemplate()
            let cold = supply.guests(of: kernel, .tcg, RunOptions(isCold: true)) { _ in }
            guard let template = template(of: kernel) else { continue }
            let plain = GuestSupply(store: supply.store, tools: supply.tools, isPlain: true)
                .guests(of: kernel, .tcg, RunOptions(isCold: true)) { _ in }
            let bare = BareRestore(configuration: warm.configuration, template: template)
            let taken = try await Measurement.take([
                ("plain boot \(spec)", { try await start(plain) }),
                ("cold boot \(spec)", { try await start(cold) }),
                ("restore \(spec)", { try await start(warm) }),
                ("bare QEMU \(spec)", { try bare.seconds() }),
            ])
            results.measurements += taken
            results.ratios += [
                Ratio(taken[0], over: taken[2]),
                Ratio(taken[1], over: taken[2], reach: "≥ 25"),
                Ratio(taken[2], over: taken[3], reach: "≤ 1.3"),
            ]
        }
    }

    /// src/bpf on all kernels, compiling not counted.
    private func sources(into results: inout BenchmarkResults) async throws {
        for loader in [LoaderChoice.agent, .both] {
            let options = RunOptions(loader: loader, accelerator: .tcg)
            var cold = options
            cold.isCold = true
            _ = try await matrix(sources, options)
            let taken = try await Measurement.take([
                ("src/bpf warm, --loader \(loader)", { try await matrix(sources, options) }),
                ("src/bpf --cold, --loader \(loader)", { try await matrix(sources, cold) }),
            ])
            results.measurements += taken
            results.ratios.append(Ratio(taken[1], over: taken[0], reach: loader == .agent ? "≥ 15" : nil))
        }
    }

    /// All of libbpf-tools.
    private func tools(into results: inout BenchmarkResults) async throws {
        let options = RunOptions(loader: .agent, accelerator: .tcg)
        func sum(_ kind: String) -> Double {
            results.measurements.filter { $0.what.hasPrefix(kind) }.map(\.median).reduce(0, +)
        }
        let (boots, plainBoots) = (sum("cold boot"), sum("plain boot"))
        var oneLane = options
        oneLane.jobs = 1
        _ = try await matrix(tools, options)
        let lanes = try await Measurement.take([
            ("libbpf-tools, all kernels", { try await matrix(tools, options) }),
            ("libbpf-tools, all kernels, one lane", { try await matrix(tools, oneLane) }),
        ])
        let (all, single) = (lanes[0], lanes[1])
        results.measurements += lanes
        results.ratios += [
            Ratio("libbpf-tools, all kernels : their plain boots", all.median / plainBoots),
            Ratio("libbpf-tools, all kernels : their cold boots", all.median / boots, reach: "≤ 1.0"),
        ]
        results.ratios.append(Ratio(single, over: all, reach: "≥ 1.7"))

        // Every kernel of the run must have been surveyed, or there is less to do.
        for kernel in kernels.compactMap(\.kernel) { try await supply.prepare(kernel, options) { _ in } }
        let check = try await Measurement.take("libbpf-tools, all kernels, check") {
            try await CheckRun(objects: tools, kernels: kernels, store: supply.store).run().seconds
        }
        results.measurements.append(check)
        results.ratios.append(Ratio(all, over: check, reach: "≥ 10"))

        let one = Array(kernels.dropFirst().prefix(1))
        var slow = oneLane
        slow.strategy = .perProgram
        let pass = try await Measurement.take("libbpf-tools, one kernel, one pass") {
            try await matrix(tools, oneLane, on: one)
        }
        let reload = try await Measurement.take("libbpf-tools, one kernel, one reload per program", isWarmedUp: false) {
            try await matrix(tools, slow, on: one)
        }
        results.measurements += [pass, reload]
        results.ratios.append(Ratio(reload, over: pass, reach: "≥ 8"))

        var growth: [Measurement] = []
        let bySize = tools.sorted { ($0.bytes.count, $0.name) < ($1.bytes.count, $1.name) }
        for part in [4, 2] {
            // Every fourth and every second by size: the sets differ in number, and in little else.
            let some = bySize.enumerated().filter { $0.offset % part == part / 2 }.map(\.element)
            growth.append(
                try await Measurement.take("\(some.count) objects, one kernel") {
                    try await matrix(some, oneLane, on: one)
                }
            )
        }
        results.measurements += growth
        let (quarter, half) = (growth[0].median, growth[1].median)
        results.ratios.append(
            Ratio(
                "a further object from 26 to 52 : from 13 to 26",
                (pass.median - half) / 2 / (half - quarter),
                reach: "≤ 1.1"
            )
        )
    }

    private static let megabyte = 1 << 20

    /// Bytes to the agent and its word that they are not what was announced: sent, checked twice, and answered.
    private func transport(into results: inout BenchmarkResults) async throws {
        guard case .available(let spec, let kernel)? = kernels.dropFirst().first else { return }
        let size = 8 * Self.megabyte
        let sent = try await guests(of: kernel).withGuest { machine in
            try await Measurement.take("8 MiB to the agent on \(spec), checked") {
                let begin = ContinuousClock.now
                let object = [UInt8](repeating: 0, count: size)
                let digest = [UInt8](repeating: 0, count: 32)
                let request = LoadRequest(id: 1, name: "zeros", digest: digest, object: object)
                try await machine.link.send(.load(request))
                _ = try await machine.link.next(within: .seconds(60), waitingFor: "the agent's word")
                return (ContinuousClock.now - begin) / .seconds(1)
            }
        }
        results.measurements.append(sent)
    }

    /// What a lane takes of memory while it works, and a template of the disk.
    private func sizes(into results: inout BenchmarkResults) async throws {
        for case .available(let spec, let kernel) in kernels {
            let template = template(of: kernel)
            results.megabytes["template \(spec), on disk"] = Double(template?.bytesOnDisk ?? 0) / 1_048_576
            let marker = template?.state.removingLastComponent().string ?? ""
            let peak = try await withThrowingTaskGroup(of: Double?.self) { group in
                group.addTask {
                    _ = try await matrix(
                        tools,
                        RunOptions(loader: .agent, accelerator: .tcg, jobs: 1),
                        on: [
                            .available(spec: spec, kernel)
                        ]
                    )
                    return nil
                }
                group.addTask {
                    var peak = 0.0
                    while !Task.isCancelled {
                        peak = max(peak, PrivateMemory.megabytes(ofProcessWith: marker))
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                    return peak
                }
                _ = try await group.next()
                group.cancelAll()
                return try await group.next() ?? nil
            }
            results.megabytes["lane on \(spec), private memory (reach ≤ 200)"] = peak ?? 0
        }
    }

    private func guests(of kernel: Kernel) -> GuestSource { supply.guests(of: kernel, .tcg, RunOptions()) { _ in } }

    private func template(of kernel: Kernel) -> Template? {
        supply.templates.templates().first { $0.description.kernel == kernel.name }
    }

    private func start(_ source: GuestSource) async throws -> Double {
        try await source.withGuest { $0.startDuration / .seconds(1) }
    }

    private struct Unfinished: Error, CustomStringConvertible {
        let cells: Int
        var description: String { "\(cells) cells have no verdict: nothing was measured" }
    }

    private func matrix(
        _ objects: [TestObject],
        _ options: RunOptions,
        on kernels: [SelectedKernel]? = nil
    ) async throws -> Double {
        let run = MatrixRun(objects: objects, kernels: kernels ?? self.kernels, supply: supply, options: options)
        let summary = try await run.run { _ in }.summary
        guard summary.infrastructure == 0 else { throw Unfinished(cells: summary.infrastructure) }
        return summary.seconds
    }
}

/// What a process has for itself, as opposed to what it shares with others or with files.
enum PrivateMemory {
    static func megabytes(ofProcessWith argument: String) -> Double {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for process in processes where process.allSatisfy(\.isNumber) {
            guard let line = try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8),
                line.contains(argument),
                let memory = try? String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
            else { continue }
            let kiloBytes = memory.split(separator: "\n").filter { $0.hasPrefix("Private_") }
                .compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Double($0) } }
            return kiloBytes.reduce(0, +) / 1024
        }
        return 0
    }
}
