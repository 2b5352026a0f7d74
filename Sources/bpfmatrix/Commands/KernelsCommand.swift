// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
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

        @Argument(help: "Names or releases, as `kernels list` shows them.")
        var name: [String]

        func run() async throws {
            let store = try KernelStore()
            for name in name { try await KernelsCommand.remove(name, from: store) }
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
