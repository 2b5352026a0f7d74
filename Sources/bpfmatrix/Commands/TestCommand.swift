// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Reports
import Results
import SystemPackage
import VerdictCache
import VirtualMachine

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Load programs in kernels and print the matrix of verdicts.",
        discussion: """
            PATH is C source, a BPF object, a folder of these, or any ELF file with BPF objects inside (a libbpf skeleton, a \
            Go or Rust binary). KERNELS are lines (6.1), versions (6.1.192), latest, releases as uname -r says them, or names \
            from `kernels add`; what the store lacks is pulled.

              bpfmatrix test src/bpf --kernels 5.10,6.1,6.12,7.2 --json results.json
              bpfmatrix test /usr/sbin/opensnoop --kernels 6.1
            """
    )

    @Argument(help: "C sources, BPF objects, binaries that embed some, or folders.")
    var path: [String]

    @Option(help: ArgumentHelp("Which kernels, separated by commas. (default: all in the store)", valueName: "kernels"))
    var kernels: String?

    @Option(help: ArgumentHelp("Write the results as JSON (docs/results.md); - is standard output.", valueName: "file"))
    var json: String?

    @Option(help: "Who loads: the agent, verdict by verdict; bpftool, object by object; or both.")
    var loader = LoaderChoice.both

    @Option(help: ArgumentHelp("The kernel whose types become vmlinux.h.", valueName: "kernel"))
    var vmlinux: String?

    @Flag(name: .customLong("no-cache"), help: ArgumentHelp("Ask the kernels even what they have answered before."))
    var isAskedAnew = false

    @OptionGroup(title: "Guests") var guests: RunArguments
    @OptionGroup(title: "Kernels") var source: KernelArguments

    func run() async throws {
        let inputs = try InputReader.inputs(at: path)
        let output = try json.map { try ResultsFile($0) }
        let store = try KernelStore()
        let specs = try specs(in: store)
        // With the JSON on standard output, whatever is for people goes elsewhere.
        let descriptor = output?.isStandardOutput == true ? STDERR_FILENO : STDOUT_FILENO
        let results = try await RunDisplay(on: descriptor).show { report in
            try await test(inputs, on: specs, store: store, report: report)
        }
        Terminal.write(TerminalReport(results, style: Terminal.style(of: descriptor)).text, to: descriptor)
        try output?.write(results)
        throw ExitCode(Int32(results.summary.exitStatus))
    }

    private func test(
        _ inputs: [TestInput],
        on specs: [String],
        store: KernelStore,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> MatrixResults {
        async let supplied = Installation.supply(of: store)
        let selection = source.selection(in: store)
        let kernels = try await selection.select(specs, report: report)
        let preparation = ObjectPreparation(store: store, selection: selection, vmlinux: vmlinux)
        let prepared = try await preparation.prepare(inputs, kernels: kernels.compactMap(\.kernel), report: report)
        let supply = try await supplied
        if supply.tools.bpftool == nil && loader == .bpftool { throw WitnessMissing() }
        if supply.tools.bpftool == nil && loader == .both { report(.note("no second witness: \(WitnessMissing())")) }
        var results = try await MatrixRun(
            objects: prepared.objects,
            kernels: kernels,
            supply: supply,
            options: guests.options(loader: loader),
            memory: memory(in: store, report: report)
        ).run(report: report)
        results.compilation = prepared.compilation
        return results
    }

    /// Who asks for a boot or a guest of its own does not ask for what another one said.
    private func memory(in store: KernelStore, report: (RunEvent) -> Void) -> VerdictMemory? {
        do throws(VerdictCacheError) {
            let isConsulted = !isAskedAnew && !guests.cold && !guests.isolate
            return VerdictMemory(try VerdictCache(at: store.verdicts), isConsulted: isConsulted)
        } catch {
            report(.note("\(error)"))
            return nil
        }
    }

    private func specs(in store: KernelStore) throws -> [String] {
        let specs = try kernels.map { KernelArguments.specs([$0]) } ?? store.kernels().map(\.name)
        guard specs.isEmpty else { return specs }
        throw ValidationError(
            kernels == nil
                ? "No kernel in the store: name some with --kernels 5.10,6.1,6.12,latest"
                : "--kernels names none: --kernels 5.10,6.1,6.12,latest"
        )
    }
}

struct WitnessMissing: Error, CustomStringConvertible {
    var description: String { "bpftool is not installed, or does not run: apt-get install bpftool" }
}

/// Where results go as JSON; known to be writable before anything is done for them.
private struct ResultsFile {
    private let path: FilePath
    var isStandardOutput: Bool { path.string == "-" }

    struct Unwritable: Error, CustomStringConvertible {
        let path: FilePath
        let reason: String
        var description: String { "cannot write the results to \(path): \(reason)" }
    }

    init(_ name: String) throws(Unwritable) {
        path = FilePath(name)
        guard !isStandardOutput else { return }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue {
            throw Unwritable(path: path, reason: "it is a folder")
        }
        let parent = path.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        guard FileManager.default.isWritableFile(atPath: folder.string) else {
            throw Unwritable(path: path, reason: "\(folder) is no folder that can be written to")
        }
    }

    func write(_ results: MatrixResults) throws {
        let data = try JSONReport.data(results)
        guard !isStandardOutput else { return Terminal.standardOutput(String(decoding: data, as: UTF8.self)) }
        do {
            try data.write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw Unwritable(path: path, reason: error.localizedDescription)
        }
    }
}
