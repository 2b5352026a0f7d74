// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Platform
import Results
import SystemPackage

extension KernelsCommand {
    struct Pull: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch kernels from their sources.",
            discussion: """
                The sources are asked in their order, and the first one that has a kernel is taken: Debian's archive, as apt on \
                this machine knows it, unless a configuration says otherwise (docs/kernels.md). What is fetched is verified \
                before it is used. Each kernel is then booted \
                once and saved, so that tests restore it in a fraction of the time.
                """
        )

        @Argument(
            help: """
                Lines (6.1), versions (6.1.192), releases, latest, lts; SOURCE:LINE, oci://…, file:…, tree:…; WORD? goes without \
                where no source has it.
                """
        )
        var kernel: [String]

        @Flag(help: "Only fetch: the first test boots them.")
        var noBoot = false

        @OptionGroup(title: "Guests") var guests: RunArguments
        @Option(help: ArgumentHelp("Ask this one only: its name, or oci://host/repository.", valueName: "source"))
        var from: String?

        @OptionGroup var platform: ArchitectureArguments
        @OptionGroup(title: "Sources") var source: SourceArguments

        func run() async throws {
            let store = try KernelStore()
            let isBooted = !noBoot && !guests.cold && !platform.isForeign
            let supply = isBooted ? try await Installation.supply(of: store) : nil
            let specs = KernelArguments.specs(kernel)
            guard !specs.isEmpty else {
                throw ValidationError("Which kernels? bpfmatrix kernels pull 5.10 6.1 6.12 latest")
            }
            let sources = try source.sources(for: platform.architecture)
            if platform.isForeign { try await pullTools(into: store) }
            var hasAny = false
            for word in specs.map(KernelWord.init) {
                let spec = word.text
                let pulled = try await RunDisplay(on: STDERR_FILENO).show { report -> Kernel? in
                    do {
                        return try await store.pull(wanted(spec), from: sources) { report(.init($0, spec: spec)) }
                    } catch {
                        guard word.isOptional, let absence = KernelAbsence(error) else { throw error }
                        report(.note("\(spec) is left out: \(absence)"))
                        return nil
                    }
                }
                guard let kernel = pulled else { continue }
                hasAny = true
                Terminal.standardOutput("\(spec)  \(kernel.version)  \(kernel.name)  sha256 \(kernel.digest)\n")
                if let supply { try await prepare(kernel, with: supply) }
            }
            guard hasAny else { throw ExitCode(Int32(ExitStatus.noVerdict)) }
        }

        /// A guest that can't be saved has nothing to be made for it beforehand but what loads in it.
        private func pullTools(into store: KernelStore) async throws {
            let tools = try await RunDisplay(on: STDERR_FILENO).show { report in
                let archive = try await PackageArchive.debian(isStrict: source.strict)
                return try await store.pullTools(for: platform.architecture, from: archive) {
                    report(.init($0, spec: "bpftool"))
                }
            }
            let name = "bpftool for \(platform.architecture.rawValue)"
            Terminal.standardOutput("\(name)  \(tools.bpftoolVersion)  \(tools.packages.count) packages\n")
        }

        func validate() throws {
            guard from != nil else { return }
            for word in kernel {
                switch KernelWord(word).spec {
                case .from, .image, .file, .tree:
                    throw ValidationError(
                        "\(word) says where it comes from already: --from is for lines, versions and releases"
                    )
                default: break
                }
            }
        }

        private func wanted(_ word: String) -> KernelSpec {
            from.map { .from(source: $0, KernelSpec(word)) } ?? KernelSpec(word)
        }

        /// A kernel that is here is of use even where it can't be booted here: that is told, and no error.
        private func prepare(_ kernel: Kernel, with supply: GuestSupply) async throws {
            try await RunDisplay(on: STDERR_FILENO).show { report in
                do {
                    try await supply.prepare(kernel, guests.options(loader: .both), report: report)
                } catch {
                    try Task.checkCancellation()
                    report(.note("\(kernel.version): it could not be booted: \(error)"))
                }
            }
        }
    }
}
