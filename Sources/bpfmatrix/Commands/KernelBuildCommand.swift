// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HostResources
import KernelStore
import SystemPackage

extension KernelsCommand {
    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Build a kernel tree for testing BPF programs, and take it in.",
            discussion: """
                The tree itself is not changed: what is built goes into a folder of its own, and is gone on from next time. What \
                BPF and guests need is added to the base's configuration, and options that the tree does not keep are reported. It takes what \
                building a kernel takes: gcc, make, flex, bison, bc, libelf-dev, libssl-dev, and dwarves for BTF.
                """
        )

        @Argument(help: "What the kernel is to be called.")
        var name: String

        @Option(help: ArgumentHelp("The sources.", valueName: "folder"))
        var tree: String

        @Option(
            help: ArgumentHelp(
                "What to build upon: a target of the tree's (defconfig, tinyconfig), or the path of a .config.",
                valueName: "base"
            )
        )
        var base = "defconfig"

        @Option(help: "Compilers at once. (default: one for each processor)")
        var jobs: Int?

        @Option(
            help: ArgumentHelp("Where to build. (default: in the store, under builds/NAME)", valueName: "folder")
        )
        var output: String?

        func validate() throws {
            if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
        }

        func run() async throws {
            let store = try KernelStore()
            let build = TreeBuild(
                tree: FilePath(tree),
                output: output.map { FilePath($0) } ?? store.buildFolder(of: name),
                base: base,
                jobs: jobs ?? HostResources.current.processors
            )
            let kernel = try await RunDisplay(on: STDERR_FILENO).show { report in
                try await store.build(name, build) { progress in
                    switch progress {
                    case .configuring: report(.working("\(name): configuring", fraction: nil))
                    // In a pipe, one line says as much as thousands.
                    case .building where !Terminal.isTerminal(STDERR_FILENO):
                        report(.working("\(name): building", fraction: nil))
                    case .building(let line): report(.working("\(name): \(line)", fraction: nil))
                    case .note(let text): report(.note(text))
                    }
                }
            }
            Terminal.standardOutput("\(kernel.name)  \(kernel.version)  \(kernel.release)  sha256 \(kernel.digest)\n")
        }
    }
}
