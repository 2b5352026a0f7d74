// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KernelStore
import VirtualMachine

extension KernelsCommand {
    struct CollectGarbage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc",
            abstract: "Remove what has not been used for long: saved guests, and with --superseded kernels.",
            discussion: """
                A guest that is needed again is booted and saved again. Downloads that broke off more than a week ago go too, and \
                what was built of kernels that are not here any more.
                """
        )

        @Option(help: ArgumentHelp("Keep at most so many saved guests.", valueName: "count"))
        var keep = TemplateStore.usualLimits.count

        @Option(help: ArgumentHelp("Keep at most so much on the disk.", valueName: "megabytes"))
        var size = TemplateStore.usualLimits.bytes >> 20

        @Flag(help: "Kernels that a newer one of their line and source is here for, except those that the lock pins.")
        var superseded = false

        @OptionGroup(title: "Kernels") var source: KernelArguments

        func validate() throws {
            if keep < 0 || size < 0 { throw ValidationError("--keep and --size can't be negative") }
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
        }
    }
}
