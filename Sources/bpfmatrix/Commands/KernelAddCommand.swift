// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KernelStore
import SystemPackage

extension KernelsCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take in a kernel of your own: a bzImage, a vmlinux, or a tree that was built."
        )

        @Argument(help: "What it is to be called from now on.")
        var name: String

        @Option(help: ArgumentHelp("bzImage, or uncompressed vmlinux.", valueName: "file"))
        var image: String?

        @Option(
            help: ArgumentHelp(
                "A kernel tree that was built, or the folder it was built into, in the place of the others.",
                valueName: "folder"
            )
        )
        var tree: String?

        @Option(
            help: ArgumentHelp("The folder with its modules below it, if virtio is not built in.", valueName: "folder")
        )
        var modules: String?

        @Option(help: ArgumentHelp("Its .config, for programs with __kconfig variables.", valueName: "file"))
        var config: String?

        @Option(
            help: ArgumentHelp("Its BTF, if it was built without: CO-RE can use it then.", valueName: "file")
        )
        var btf: String?

        func validate() throws {
            if (image == nil) == (tree == nil) { throw ValidationError("Either --image or --tree") }
            if tree != nil && (modules != nil || config != nil) {
                throw ValidationError("--modules and --config are the tree's own")
            }
        }

        func run() async throws {
            let store = try KernelStore()
            let btf = btf.map { FilePath($0) }
            let kernel: Kernel
            if let tree {
                kernel = try await store.add(name, tree: FilePath(tree), btf: btf)
            } else {
                kernel = try await store.add(
                    name,
                    image: FilePath(image ?? ""),
                    modules: modules.map { FilePath($0) },
                    config: config.map { FilePath($0) },
                    btf: btf
                )
            }
            Terminal.standardOutput("\(kernel.name)  \(kernel.version)  \(kernel.release)  sha256 \(kernel.digest)\n")
        }
    }
}
