// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import SystemPackage

struct VmlinuxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vmlinux",
        abstract: "Write a kernel's types as C: vmlinux.h."
    )

    @Option(help: "Whose types: a line, a version, a name from the store; pulled where the store lacks it.")
    var kernel = "6.12"

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The file to write, in a folder that is made if need be. (default: standard output)",
            valueName: "file"
        )
    )
    var output: String?

    @OptionGroup(title: "Kernels") var source: KernelArguments

    func run() async throws {
        let store = try KernelStore()
        let selection = try source.selection(in: store)
        let kernel = try await RunDisplay(on: STDERR_FILENO).show { report in
            try await selection.kernel(self.kernel, report: report)
        }
        let compilation = SourceCompilation(store: store, selection: selection, choices: CompilerChoices())
        let header = try await compilation.header(from: kernel)
        let data = try Data(contentsOf: URL(filePath: header.folder.appending("vmlinux.h").string))
        guard let output else { return Terminal.standardOutput(String(decoding: data, as: UTF8.self)) }
        let folder = FilePath(output).removingLastComponent()
        if !folder.isEmpty {
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        }
        try data.write(to: URL(filePath: output), options: .atomic)
        Terminal.standardError("\(output): the types of \(kernel.version) (\(kernel.name))\n")
    }
}
