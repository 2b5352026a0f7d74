// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import SystemPackage

struct CompileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compile",
        abstract: "Compile C sources to BPF objects.",
        discussion: """
            Writes NAME.bpf.o beside each source, or into --output. A source is compiled again only if something that decides \
            about its object has changed (docs/compiling.md). Without kernels to test on, the code is such that Linux 5.1 and \
            later know all of its instructions.

            Exit status: 0 all compiled, 1 some did not.
            """
    )

    @OptionGroup var input: InputArguments

    @Option(name: [.short, .long], help: ArgumentHelp("The folder for the objects.", valueName: "folder"))
    var output: String?

    @Flag(name: .customLong("no-cache"), help: "Compile again what has not changed, too.")
    var isFresh = false

    @OptionGroup(title: "Compiling") var compiling: CompilerArguments
    @OptionGroup(title: "Kernels") var source: KernelArguments

    func run() async throws {
        var found = try input.found
        found.keepSources()
        guard !found.inputs.isEmpty else { throw ValidationError("No .c among these: nothing to compile") }
        try refuseSameTargets(found.inputs.map(\.path))
        let store = try KernelStore()
        var choices = compiling.choices
        choices.isFresh = isFresh
        let preparation = ObjectPreparation(
            compilation: SourceCompilation(
                store: store,
                selection: try self.source.selection(in: store),
                choices: choices
            ),
            purpose: .inspection
        )
        let sources = found
        let prepared = try await RunDisplay(on: STDERR_FILENO).show { report in
            try await preparation.prepare(sources, kernels: [], report: report)
        }
        for (compiled, read) in prepared.compiled {
            guard case .object(let object) = read else { continue }
            let target = target(of: compiled.source)
            if let output { try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true) }
            try Data(object.bytes).write(to: URL(filePath: target.string), options: .atomic)
            let how = compiled.isReused ? "unchanged" : "compiled"
            Terminal.standardOutput("\(target)  sha256 \(object.digest)  \(how)\n")
        }
        guard prepared.failed.isEmpty else { throw UnusableInputs(errors: prepared.failed) }
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
