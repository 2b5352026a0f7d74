// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import GuestImages
import KernelStore
import Results
import SystemPackage

struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "File systems for guests, made of Debian packages as images.json says.",
        subcommands: [List.self, Build.self, Remove.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What is in the store.")

        func run() async throws {
            let images = try ImagesCommand.store().images()
            guard !images.isEmpty else {
                return Terminal.standardOutput("no images yet: bpfmatrix images build\n")
            }
            let rows = images.map { image in
                [
                    image.name, image.suite, image.format.rawValue, "\(image.size >> 20) MB",
                    "\(image.packages.count)", image.created.formatted(.iso8601), image.path.string,
                ]
            }
            let header = ["NAME", "SUITE", "FORMAT", "SIZE", "PACKAGES", "CREATED", "FILE"]
            Terminal.standardOutput(Columns.text([header] + rows))
        }
    }

    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Build images, unless they are there already.",
            discussion: """
                Reads Little-VM-Helper's format: an array of images with packages and actions. Packages come from the Debian \
                archive that apt on this machine uses, or BPFMATRIX_DEBIAN_MIRROR; its signature is checked. Needs no root where \
                users have subordinate ids and may make namespaces, no Docker and no loop devices.

                An image is built again when its definition, a file that it copies in, or an option below changes. Newer \
                packages come with --force.
                """
        )

        @Argument(help: "Images by their names. (default: all that are defined)")
        var name: [String] = []

        @Option(help: ArgumentHelp("Where they are defined.", valueName: "file"))
        var definitions = ImageDefinitions.usualName

        @Option(help: "raw or qcow2. (default: qcow2 for a name that ends in .qcow2, else raw)")
        var format: ImageFormat?

        @Option(help: "The Debian release that packages come from.")
        var suite = "bookworm"

        @Option(help: "What is there before the packages: essential, apt, or important (with systemd, as in LVH).")
        var variant: BaseSystem.Variant = .important

        @Flag(help: "Build it again, with the newest packages.")
        var force = false

        func run() async throws {
            let definitions = try ImageDefinitions(reading: FilePath(definitions))
            let names = name.isEmpty ? definitions.images.map(\.name) : name
            guard !names.isEmpty else { throw ValidationError("\(self.definitions) defines no images") }
            let store = try ImagesCommand.store()
            let archive = try await PackageArchive.debian()
            let base = BaseSystem(
                mirror: archive.main,
                suite: suite,
                keyring: archive.keyring,
                variant: variant
            )
            for name in names {
                let image = try await RunDisplay(on: STDERR_FILENO).show { report in
                    try await store.build(name, of: definitions, on: base, as: format, isForced: force) {
                        report(RunEvent($0))
                    }
                }
                Terminal.standardOutput(
                    "\(image.name)  \(image.size >> 20) MB  sha256 \(image.sha256)  \(image.path)\n"
                )
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget images, and free the room that they took.")

        @Argument(help: "Names, as `images list` shows them.")
        var name: [String]

        func run() async throws {
            let store = try ImagesCommand.store()
            for name in name {
                for image in try await store.remove(name) {
                    Terminal.standardOutput("removed \(image.name) (\(image.path))\n")
                }
            }
        }
    }

    private static func store() throws -> GuestImageStore {
        try GuestImageStore(root: KernelStore.defaultRoot())
    }
}

extension ImageFormat: ExpressibleByArgument {}
extension BaseSystem.Variant: ExpressibleByArgument {}

extension RunEvent {
    fileprivate init(_ progress: BuildProgress) {
        switch progress {
        case .waiting(let image): self = .working("waiting for another build of \(image)", fraction: nil)
        case .installing(let image, let text): self = .working("\(image): \(text)", fraction: nil)
        case .acting(let image, let step, let number, let count):
            self = .working("\(image): \(step)", fraction: Double(number - 1) / Double(count))
        case .writing(let image, let format):
            self = .working("\(image): writing the file system (\(format.rawValue))", fraction: nil)
        case .note(let text): self = .note(text)
        }
    }
}
