// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Platform
import Results
import SystemPackage
import VirtualMachine

struct KernelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "The kernels on this machine, and how more get here.",
        subcommands: [
            List.self, Pull.self, Add.self, Build.self, Remove.self, Info.self, Lock.self, Export.self, Import.self,
            CollectGarbage.self,
        ],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is in the store; with --available, in the sources."
        )

        @Flag(help: "The newest of each line that the sources have.")
        var available = false

        @OptionGroup(title: "Sources") var source: SourceArguments

        func run() async throws {
            let store = try KernelStore()
            guard available else { return Terminal.standardOutput(table(try store.kernels())) }
            let sources = try source.sources()
            var rows: [[String]] = []
            for source in sources.sources {
                do {
                    let offered = try await store.available(from: source, of: sources) {
                        Terminal.standardError("note: \($0)\n")
                    }
                    rows += offered.map { [$0.line, $0.version, $0.release, $0.source] }
                } catch let error as KernelStoreError {
                    Terminal.standardError("note: \(source.name): \(error)\n")
                }
            }
            guard !rows.isEmpty else { throw ExitCode(Int32(ExitStatus.noVerdict)) }
            Terminal.standardOutput(Columns.text([["LINE", "VERSION", "RELEASE", "SOURCE"]] + rows))
        }

        private func table(_ kernels: [Kernel]) -> String {
            guard !kernels.isEmpty else { return "no kernels yet: bpfmatrix kernels pull 5.10 6.1 6.12 latest\n" }
            let rows = kernels.map { kernel in
                let blobs = [kernel.image] + [kernel.uncompressed, kernel.config, kernel.btf].compactMap { $0 }
                let size = blobs.map(\.size).reduce(0, +)
                return [
                    kernel.version, kernel.name, kernel.btf == nil ? "no" : kernel.isBTFExternal ? "beside" : "yes",
                    "\(size >> 20) MB", kernel.source,
                ]
            }
            return Columns.text([["VERSION", "NAME", "BTF", "SIZE", "SOURCE"]] + rows)
        }
    }

    /// The one kernel in the store that a word of the user's means.
    static func kernel(
        called word: String,
        in store: KernelStore,
        on architecture: Architecture? = nil
    ) throws -> Kernel {
        let sources = try SourceConfiguration.sources()
        return try store.kernel(called: word, of: sources, on: architecture) { Terminal.standardError("note: \($0)\n") }
    }

    /// Removes a kernel with its saved guests, and says so.
    static func remove(_ name: String, from store: KernelStore) async throws {
        let removed = try await store.remove(name).name
        let templates = TemplateStore(root: store.templates)
        for template in templates.templates() where template.description.kernel == removed {
            templates.remove(template)
        }
        Terminal.standardOutput("removed \(removed)\n")
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget kernels, and free the room that they took.")

        @Argument(help: "Names, releases, versions or lines: what --kernels takes, of what is in the store.")
        var kernel: [String]

        func run() async throws {
            let store = try KernelStore()
            for word in KernelArguments.specs(kernel) {
                try await KernelsCommand.remove(try name(of: word, in: store), from: store)
            }
        }

        /// A release may be several kernels'; which of them is meant to go, only a name says.
        private func name(of word: String, in store: KernelStore) throws -> String {
            let meant = try KernelsCommand.kernel(called: word, in: store)
            let same = try store.kernels().filter { $0.release == word && $0.name != word }
            guard meant.name == word || same.count < 2 else {
                throw KernelStoreError.ambiguous(name: word, same.map(\.name))
            }
            return meant.name
        }
    }
}

/// Text in columns, the last one ragged.
enum Columns {
    static func text(_ rows: [[String]]) -> String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count + 2)
            }.joined() + "\n"
        }.joined()
    }
}
