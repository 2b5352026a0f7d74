// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Results
import SystemPackage

extension KernelsCommand {
    struct Lock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write down which kernels are meant: every later run uses exactly those, or fails.",
            discussion: """
                Writes \(KernelLock.usualName), or --lock FILE, to be kept with the sources. Each word is pinned to one \
                release and the SHA-256 of its image, configuration, BTF and modules: where a test turns red, the kernel is the \
                same as before. A kernel that is pinned already stays until --update moves it.

                  bpfmatrix kernels lock 5.10 6.1 6.12
                  bpfmatrix kernels lock --update
                """
        )

        @Argument(
            help: "Any word that --kernels takes; WORD? pins what can be had. (default: those that are pinned already)"
        )
        var kernel: [String] = []

        @Flag(help: "Ask the sources for the newest, also where an older one is pinned or in the store.")
        var update = false

        @OptionGroup var platform: ArchitectureArguments
        @OptionGroup(title: "Kernels") var source: KernelArguments

        func validate() throws {
            if source.noLock { throw ValidationError("--no-lock is no way to write one") }
        }

        func run() async throws {
            let path = FilePath(source.lock ?? KernelLock.usualName)
            let isThere = FileManager.default.fileExists(atPath: path.string)
            var lock = isThere ? try KernelLock(reading: path) : KernelLock(at: path)
            let named = KernelArguments.specs(kernel)
            let specs = named.isEmpty ? lock.specs(for: platform.architecture) : named
            guard !specs.isEmpty else { throw ValidationError("Which kernels? bpfmatrix kernels lock 5.10 6.1 6.12") }
            let store = try KernelStore()
            let free = try source.selection(in: store, lock: nil, for: platform.architecture)
            let pinned = try source.selection(in: store, lock: lock, for: platform.architecture)
            var lines: [String] = []
            for word in specs.map(KernelWord.init) {
                let spec = word.text
                let before = lock.pin(of: spec, for: platform.architecture)
                let found = try await RunDisplay(on: STDERR_FILENO).show { report -> Kernel? in
                    do {
                        if update && word.spec.isMoving { return try await free.newest(spec, report: report) }
                        let selection = before == nil || update ? free : pinned
                        return try await selection.kernel(spec, report: report)
                    } catch {
                        guard word.isOptional, before == nil, let absence = KernelAbsence(error) else { throw error }
                        report(.note("\(spec) is left out: \(absence)"))
                        return nil
                    }
                }
                guard let kernel = found else { continue }
                lock.pin(spec, to: kernel)
                lines.append(Self.line(spec, from: before, to: kernel))
            }
            guard !lines.isEmpty else { throw ExitCode(Int32(ExitStatus.noVerdict)) }
            try lock.write()
            Terminal.standardOutput(lines.joined())
        }

        private static func line(_ spec: String, from before: KernelLock.Pin?, to kernel: Kernel) -> String {
            let new = "\(kernel.version) (\(kernel.release), sha256 \(kernel.digest.prefix(12))…)"
            guard let before, !before.isMet(by: kernel) else {
                return "\(spec)  \(before == nil ? "pinned to" : "stays at") \(new)\n"
            }
            return "\(spec)  \(before.version) (\(before.release)) → \(new)\n"
        }
    }
}
