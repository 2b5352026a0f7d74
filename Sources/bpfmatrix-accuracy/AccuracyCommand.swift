// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Reports
import Results
import SystemPackage
import VirtualMachine

/// `make accuracy`: what `check` predicts, held against what kernels say.
@main
struct AccuracyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bpfmatrix-accuracy",
        abstract: "Holds what `bpfmatrix check` predicts against what kernels say of the same objects.",
        discussion:
            "Exit status 1 where a program that will fail is loaded, or one that fits is refused for anything but the "
            + "verifier's own analysis."
    )

    @Option(help: "Kernels, separated by commas.")
    var kernels = "5.10,6.1,6.12,7.2"

    @Option(help: "The static guest agent.")
    var agent = ".build/release/bpfmatrix-guest"

    @Flag(help: "Assume nothing of what objects leave to their loaders.")
    var asCompiled = false

    @Argument(help: "Objects, or binaries that embed some. (default: Debian's libbpf-tools)")
    var path: [String] = []

    func run() async throws {
        let store = try KernelStore()
        let selection = KernelSelection(store: store, sources: try SourceConfiguration.sources())
        let selected = try await selection.select(kernels.split(separator: ",").map(String.init)) { _ in }
        let supply = GuestSupply(store: store, tools: try GuestTools(agent: FilePath(agent), bpftool: nil))
        let options = RunOptions(loader: .agent, isAsCompiled: asCompiled)
        for kernel in selected.compactMap(\.kernel) { try await supply.prepare(kernel, options) { _ in } }
        let objects = try self.objects()
        let predictions = try await CheckRun(
            objects: objects,
            kernels: selected,
            store: store,
            isAsCompiled: asCompiled
        ).run()
        let verdicts = try await MatrixRun(objects: objects, kernels: selected, supply: supply, options: options)
            .run { _ in }
        let accuracy = Accuracy(predictions, against: verdicts)
        print("\(objects.count) objects, \(selected.count) kernels, \(predictions.cells.count) predictions\n")
        print(AccuracyTable(accuracy).text)
        let failed = accuracy.count(.willFail, .other) + accuracy.count(.willFail, .analysis)
        print("\nof \(failed) that failed as predicted, \(accuracy.sameCode) with the same code")
        if accuracy.unjudged > 0 { print("\(accuracy.unjudged) without a verdict") }
        print("\(accuracy.defects.count) defects")
        for defect in accuracy.defects { print("  \(defect.description)") }
        print("\(accuracy.lessExplained.count) refusals are explained less than they were predicted")
        for less in accuracy.lessExplained { print("  \(less.description)") }
        if !accuracy.defects.isEmpty || !accuracy.lessExplained.isEmpty { throw ExitCode(1) }
        if accuracy.unjudged > 0 || predictions.cells.isEmpty { throw ExitCode(3) }
    }

    private func objects() throws -> [TestObject] {
        let list = try String(contentsOfFile: "/var/lib/dpkg/info/libbpf-tools.list", encoding: .utf8)
        let tools = list.split(separator: "\n").map(String.init).filter { $0.hasPrefix("/usr/sbin/") }.sorted()
        let paths = path.isEmpty ? tools : path
        return InputReader.unambiguous(
            InputReader.different(try paths.flatMap { try InputReader.objects(in: FilePath($0)) }).different
        )
    }
}
