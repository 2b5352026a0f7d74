// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KernelStore
import LogStore
import VirtualMachine

extension KernelsCommand {
    struct CollectGarbage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc",
            abstract: "Remove what has not been used for long: saved guests, logs, and with --superseded kernels.",
            discussion: """
                A guest that is needed again is booted and saved again. Downloads that broke off more than a week ago go too, and \
                what was built of kernels that are not here any more.
                """
        )

        @Option(help: ArgumentHelp("Keep at most so many saved guests.", valueName: "count"))
        var keep = TemplateStore.usualLimits.count

        @Option(help: ArgumentHelp("Keep at most so much of saved guests on the disk.", valueName: "megabytes"))
        var size = TemplateStore.usualLimits.bytes >> 20

        @Option(
            help: ArgumentHelp(
                "Keep at most so much of whole verifier logs, which results have excerpts of.",
                valueName: "megabytes"
            )
        )
        var logs = 256

        @Flag(help: "Kernels that a newer one of their line and source is here for, except those that the lock pins.")
        var superseded = false

        @OptionGroup(title: "Kernels") var source: KernelArguments

        func validate() throws {
            if keep < 0 || size < 0 || logs < 0 { throw ValidationError("--keep, --size and --logs can't be negative") }
            let most = Int.max >> 20
            if size > most || logs > most { throw ValidationError("--size and --logs can't be more than \(most)") }
        }

        func run() async throws {
            let store = try KernelStore()
            if superseded {
                for kernel in try store.superseded(keeping: try source.pins()) {
                    try await KernelsCommand.remove(kernel.name, from: store)
                }
            }
            for what in try await store.sweep() { Terminal.standardOutput("removed \(what)\n") }
            let templates = TemplateStore(root: store.templates)
            let names = Set(try store.kernels().map(\.name))
            for template in templates.templates() where !names.contains(template.description.kernel) {
                templates.remove(template)
                Terminal.standardOutput("removed a saved \(template.description.kernel), which is not here any more\n")
            }
            let removed = templates.collect(count: keep, bytes: size << 20)
            for template in removed { Terminal.standardOutput("removed a saved \(template.description.kernel)\n") }
            let kept = templates.templates()
            let bytes = kept.map(\.bytesOnDisk).reduce(0, +)
            let guests = kept.count == 1 ? "1 saved guest" : "\(kept.count) saved guests"
            Terminal.standardOutput("\(guests) kept, \(bytes >> 20) MB\n")
            let left = LogStore(at: store.logs).collect(mostBytes: logs << 20)
            if left.removed > 0 {
                let logs = left.removed == 1 ? "1 verifier log" : "\(left.removed) verifier logs"
                Terminal.standardOutput("removed \(logs)\n")
            }
            if left.bytes > 0 { Terminal.standardOutput("verifier logs: \(max(left.bytes >> 20, 1)) MB kept\n") }
        }
    }
}
