// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import SystemPackage

extension KernelsCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write kernels into one file, for a machine that can't fetch them.",
            discussion: "The other machine takes them in with `bpfmatrix kernels import FILE`."
        )

        @Argument(help: ArgumentHelp("Where to: a tar archive, compressed by zstd.", valueName: "file"))
        var file: String

        @Argument(help: "Lines, versions, releases or names. (default: those of the lock, or all in the store)")
        var kernel: [String] = []

        @OptionGroup var platform: ArchitectureArguments
        @OptionGroup(title: "Kernels") var source: KernelArguments

        func run() async throws {
            let store = try KernelStore()
            let words = KernelArguments.specs(kernel)
            let lock = try source.pins()
            let architecture = platform.architecture
            let exported = try await RunDisplay(on: STDERR_FILENO).show { report in
                var names: [String] = []
                if lock == nil {
                    names = try words.map { word in
                        try KernelsCommand.kernel(called: word, in: store, on: platform.isForeign ? architecture : nil)
                            .name
                    }
                }
                if let lock {
                    let selection = try source.selection(in: store, lock: lock, for: architecture)
                    for spec in words.isEmpty ? lock.specs(for: architecture) : words {
                        names.append(try await selection.kernel(spec, report: report).name)
                    }
                }
                report(.working("writing \(file)", fraction: nil))
                return try await store.export(names, to: FilePath(file))
            }
            for kernel in exported { Terminal.standardOutput("\(kernel.version)  \(kernel.name)\n") }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take in kernels from a file that `kernels export` has written.",
            discussion: "Everything is compared with its SHA-256 before it is kept. No network is needed."
        )

        @Argument var file: String

        func run() async throws {
            let store = try KernelStore()
            let imported = try await RunDisplay(on: STDERR_FILENO).show { report in
                report(.working("reading \(file)", fraction: nil))
                return try await store.importKernels(from: FilePath(file))
            }
            for (kernel, isNew) in imported {
                Terminal.standardOutput(
                    "\(kernel.version)  \(kernel.name)  \(isNew ? "taken in" : "was here already")\n"
                )
            }
        }
    }
}
