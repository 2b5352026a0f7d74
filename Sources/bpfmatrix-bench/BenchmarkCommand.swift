// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ChildProcess
import Compiler
import Foundation
import KernelStore
import Matrix
import SystemPackage
import VirtualMachine

@main
struct BenchmarkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bpfmatrix-bench",
        abstract: "Measures bpfmatrix against itself: ratios within one run, which another machine can judge."
    )

    @Option(help: "Kernels, separated by commas.")
    var kernels = "5.10,6.1,6.12,7.2"

    @Option(help: "The folder with the programs.")
    var sources = "src/bpf"

    @Option(help: "The static guest agent.")
    var agent = ".build/release/bpfmatrix-guest"

    @Option(help: "The tool, for what is measured as a whole command.")
    var tool = ".build/release/bpfmatrix"

    @Option(help: "A bzImage that has 9p, its modules in /lib/modules: booted by virtme-ng for comparison.")
    var virtmeKernel: String?

    @Option(help: "Where the figures go as JSON.")
    var json: String?

    func run() async throws {
        let store = try KernelStore()
        let selection = KernelSelection(store: store, sources: try SourceConfiguration.sources())
        let selected = try await selection.select(kernels.split(separator: ",").map(String.init)) { _ in }
        let tools = try GuestTools(agent: FilePath(agent), bpftool: try await BPFTool.locate())
        let benchmark = Benchmark(
            supply: GuestSupply(store: store, tools: tools),
            kernels: selected,
            sources: try await compiled(store, selected),
            tools: try Self.libbpfTools()
        )
        var results = BenchmarkResults(
            machine: "\(ProcessInfo.processInfo.activeProcessorCount) × \(HostProcessor.current.model)",
            emulator: try await Self.emulator()
        )
        if let virtmeKernel, let object = benchmark.sources.first {
            try await VirtmeComparison(
                image: FilePath(virtmeKernel),
                tool: FilePath(tool),
                agent: FilePath(agent),
                object: object
            ).run(into: &results)
        }
        try await benchmark.run(into: &results)
        print(results.table)
        guard let json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: json), options: .atomic)
    }

    private func compiled(_ store: KernelStore, _ kernels: [SelectedKernel]) async throws -> [TestObject] {
        guard let kernel = kernels.lazy.compactMap(\.kernel).last(where: { $0.btf != nil }), let btf = kernel.btf,
            let bpftool = try await BPFTool.locate()
        else { throw ValidationError("src/bpf can't be compiled: no kernel with BTF, or no bpftool") }
        let compiler = try await Compiler(cache: store.compilerCache)
        let header = try await VmlinuxHeader.generate(
            from: store.path(of: btf),
            origin: kernel.version,
            bpftool: (bpftool.path, bpftool.version),
            cache: store.compilerCache
        )
        var objects: [TestObject] = []
        for input in try InputReader.inputs(at: [sources]).inputs {
            let object = try await compiler.compile(input.path, CompilerSettings(header: header))
            objects.append(try InputReader.object(compiledFrom: input.path, at: object.path))
        }
        return objects
    }

    /// Debian's package: libbpf skeletons compiled into binaries.
    private static func libbpfTools() throws -> [TestObject] {
        let list = try String(contentsOfFile: "/var/lib/dpkg/info/libbpf-tools.list", encoding: .utf8)
        let binaries = list.split(separator: "\n").filter { $0.hasPrefix("/usr/sbin/") }.sorted()
        return InputReader.different(try binaries.flatMap { try InputReader.objects(in: FilePath(String($0))) })
            .different
    }

    private static func emulator() async throws -> String {
        let answer = try await Command(MachineConfiguration.usualEmulator, ["--version"]).run(within: .seconds(20))
        return answer.outputText.split(separator: "\n").first.map(String.init) ?? "QEMU"
    }
}
