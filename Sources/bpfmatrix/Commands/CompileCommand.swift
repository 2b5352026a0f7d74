// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Foundation
import KernelStore
import Matrix
import Platform
import SystemPackage

struct CompileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compile",
        abstract: "Compile C sources to BPF objects, each once.",
        discussion: """
            Writes NAME.bpf.o beside each source, or into --output. A source that has not changed, nor any header that it \
            reads, is not compiled again.
            """
    )

    @Argument(help: "C sources, or folders of them.")
    var path: [String]

    @Option(name: [.short, .long], help: ArgumentHelp("The folder for the objects.", valueName: "folder"))
    var output: String?

    @Option(help: ArgumentHelp("The kernel whose types become vmlinux.h.", valueName: "kernel"))
    var vmlinux: String?

    @OptionGroup(title: "Kernels") var source: KernelArguments

    func run() async throws {
        let sources = try InputReader.inputs(at: path).filter { input in
            guard case .source = input else { return false }
            return true
        }
        guard !sources.isEmpty else { throw ValidationError("No .c among these: nothing to compile") }
        try refuseSameTargets(sources.map(\.path))
        let store = try KernelStore()
        let selection = try self.source.selection(in: store)
        let preparation = ObjectPreparation(store: store, selection: selection, vmlinux: vmlinux)
        let prepared = try await RunDisplay(on: STDERR_FILENO).show { report in
            try await preparation.prepare(
                sources,
                kernels: try store.kernels().filter { $0.architecture == .host },
                report: report
            )
        }
        guard prepared.errors.isEmpty else { throw UnusableInputs(errors: prepared.errors) }
        for (compiled, object) in zip(prepared.compiled, prepared.objects) {
            let target = target(of: compiled.source)
            if let output { try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true) }
            try Data(object.bytes).write(to: URL(filePath: target.string), options: .atomic)
            let how = compiled.isReused ? "unchanged" : "compiled"
            Terminal.standardOutput("\(target)  sha256 \(object.digest)  \(how)\n")
        }
    }

    /// Where the object of a source goes.
    private func target(of source: FilePath) -> FilePath {
        let folder = output.map { FilePath($0) } ?? source.removingLastComponent()
        return folder.appending(InputReader.objectName(of: source))
    }

    /// One object written over another would be missing from every test after that.
    private func refuseSameTargets(_ sources: [FilePath]) throws {
        for (target, rivals) in Dictionary(grouping: sources, by: target) where rivals.count > 1 {
            let names = rivals.map(\.string).sorted().joined(separator: " and ")
            throw ValidationError("\(names) would both become \(target): compile them to different folders")
        }
    }
}
