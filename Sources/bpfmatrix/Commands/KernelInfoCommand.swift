// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelProfile
import KernelStore
import Matrix

extension KernelsCommand {
    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is known of a kernel in the store, and what it has for BPF.",
            discussion: """
                The second was said by a guest that ran the kernel, when it was pulled, or with --survey. What the kernel does \
                not tell, or what could not be tried, is said to be unknown and not guessed.
                """
        )

        @Argument(help: "A line, a version, a release or a name: what --kernels takes, of what is in the store.")
        var kernel: String

        @Flag(name: .shortAndLong, help: "Which helpers each kind of program may call, too.")
        var verbose = false

        @Flag(help: "Have a guest say what the kernel has, if none has been asked yet.")
        var survey = false

        @Flag(help: "As JSON, in the form that docs/kernel-profile.md documents.")
        var json = false

        func run() async throws {
            let store = try KernelStore()
            let found = try KernelsCommand.kernel(called: kernel, in: store)
            if survey { try await ask(found, in: store) }
            let information = try await KernelInformation(found, in: store)
            if json { return try printJSON(information) }
            Terminal.standardOutput(Columns.text(Self.origin(found, information.modules)))
            guard let profile = information.profile else {
                let way = found.isOwn ? "info --survey" : "pull"
                return Terminal.standardOutput("\nnot surveyed yet: bpfmatrix kernels \(way) \(kernel)\n")
            }
            Terminal.standardOutput("\n" + Columns.text(Self.rows(profile)))
            if verbose { Terminal.standardOutput("\n" + Columns.text(Self.helpers(profile))) }
        }

        private func ask(_ kernel: Kernel, in store: KernelStore) async throws {
            let supply = try await Installation.supply(of: store)
            try await RunDisplay(on: STDERR_FILENO).show { report in
                try await supply.prepare(kernel, RunOptions(), report: report)
            }
        }

        private func printJSON(_ information: KernelInformation) throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.dateEncodingStrategy = .iso8601
            Terminal.standardOutput(String(decoding: try encoder.encode(information), as: UTF8.self) + "\n")
        }

        private static func origin(_ kernel: Kernel, _ known: KernelInformation.Modules?) -> [[String]] {
            let modules = kernel.modules.map(\.name).joined(separator: " ")
            let forImages = kernel.imageModules?.map(\.name).joined(separator: " ")
            let types = kernel.btf.map {
                description($0) + (kernel.isBTFExternal ? ", from beside the image: for CO-RE only" : "")
            }
            return [
                ["name", kernel.name],
                ["version", kernel.version],
                ["release", kernel.release],
                ["source", kernel.source],
                ["architecture", kernel.architecture.rawValue],
                ["image", description(kernel.image)],
                ["boots", kernel.uncompressed.map { "uncompressed, \(description($0))" } ?? "the image"],
                ["BTF", types ?? "none: CO-RE can't work"],
                ["configuration", kernel.config.map(description) ?? "not known"],
                ["modules", text(of: known, kernel)],
                ["for guests", modules.isEmpty ? "none needed" : modules],
                ["for images", forImages.map { $0.isEmpty ? "none needed" : $0 } ?? "not taken in: pull it again"],
                ["added", kernel.added.formatted(.iso8601)],
            ]
        }

        private static func text(of modules: KernelInformation.Modules?, _ kernel: Kernel) -> String {
            if kernel.isWithoutModules == true { return "none: its source does not have them" }
            guard let modules else { return kernel.isComplete || kernel.isOwn ? "none" : "not taken in: pull it again" }
            guard modules.haveTypes else { return "\(modules.count), without types" }
            let names = "\(modules.functions) functions, \(modules.tracepoints) tracepoints, \(modules.kfuncs) kfuncs"
            return "\(modules.count), with \(names)"
        }

        private static func description(_ blob: Blob) -> String { "sha256 \(blob.sha256), \(blob.size) bytes" }

        private static func rows(_ profile: KernelInformation.Profile) -> [[String]] {
            let counts = profile.counts
            var rows = [
                ["types in BTF", text(profile.btfTypes)],
                ["JIT", jit(profile.jit)],
                ["unprivileged BPF", unprivileged(profile.unprivilegedBPFDisabled)],
                ["lockdown", profile.lockdown ?? unknown],
                ["security modules", profile.securityModules?.joined(separator: " ") ?? unknown],
                ["BPF LSM", lsm(profile)],
                ["functions", text(counts.functions)],
                ["  kprobe", text(counts.kprobe)],
                ["  fentry, fexit", text(counts.fentry)],
                ["tracepoints", text(counts.traceEvents)],
                ["  raw", text(counts.rawTracepoints)],
                ["helpers", "\(counts.helpers), for \(profile.helpers.count { $0.present != nil }) kinds of programs"],
                ["kfuncs", counts.kfuncs.map(String.init) ?? "not told by its BTF"],
            ]
            rows += rowsOf(profile.programTypes, "program types")
            rows += rowsOf(profile.mapTypes, "map types")
            if let switches = profile.switches {
                let values = KernelInformation.switches.map { ($0, switches[$0]) }
                let set = values.compactMap { name, value in value.map { $0 == "y" ? name : "\(name)=\($0)" } }
                rows += paragraph("switched on", set)
                rows += paragraph("off, or none", values.filter { $0.1 == nil }.map(\.0))
            } else {
                rows.append(["configuration", unknown])
            }
            rows += profile.gaps.map { ["not found out", $0] }
            rows.append([
                "surveyed", "\(profile.surveyed.formatted(.iso8601)), kept in \(profile.storedBytes >> 10) kB",
            ])
            return rows
        }

        private static let unknown = "not told"

        private static func text(_ count: Int?) -> String { count.map(String.init) ?? unknown }

        private static func jit(_ setting: Int?) -> String {
            switch setting {
            case nil: "none in this kernel"
            case 0: "off"
            case let setting?: "on (\(setting))"
            }
        }

        private static func unprivileged(_ setting: Int?) -> String {
            switch setting {
            case nil: unknown
            case 0: "allowed"
            case 1: "refused, until the next start (1)"
            case let setting?: "refused (\(setting))"
            }
        }

        private static func lsm(_ profile: KernelInformation.Profile) -> String {
            let hooks = "\(text(profile.counts.lsmHooks)) hooks"
            return switch profile.isBPFLSMInForce {
            case nil: unknown
            case true?: "in force, \(hooks)"
            case false?: "not in force: programs at its \(hooks) are never asked"
            }
        }

        private static func rowsOf(_ types: KernelInformation.Types, _ title: String) -> [[String]] {
            paragraph(title, types.present) + paragraph("  absent", types.absent)
                + paragraph("  not probed", types.notProbed)
        }

        private static func helpers(_ profile: KernelInformation.Profile) -> [[String]] {
            profile.helpers.flatMap { kind in
                let details = [kind.attachType, kind.isSleepable ? "sleepable" : nil].compactMap { $0 }
                let title = ([kind.programType] + details).joined(separator: ", ")
                let rows = kind.present.map { paragraph(title, $0) } ?? []
                let unknown = kind.notProbed.map { "not probed: \($0)" }
                return rows + (unknown.map { [[rows.isEmpty ? title : "", $0]] } ?? [])
            }
        }

        /// Words in lines of a width that most terminals have; nothing where there are none.
        private static func paragraph(_ title: String, _ words: [String]) -> [[String]] {
            var lines: [String] = []
            for word in words {
                if let last = lines.last, last.count + word.count < 90 {
                    lines[lines.count - 1] = "\(last) \(word)"
                } else {
                    lines.append(word)
                }
            }
            return lines.enumerated().map { [$0.offset == 0 ? title : "", $0.element] }
        }
    }
}
