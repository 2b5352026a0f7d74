// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Reports
import Results

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say without any guest which programs kernels will refuse, and why.",
        discussion: """
            From the object and from what each kernel has said of itself once (`kernels pull`, or --survey): types that CO-RE \
            looks for, helpers, kfuncs, program and map types, attach targets, instructions, licence. What the verifier's own \
            analysis comes to is not predicted: that takes `bpfmatrix test`.

              bpfmatrix check /usr/sbin/bindsnoop --kernels 5.10,6.1,6.12
              bpfmatrix check src/bpf --min-kernel

            Exit status: 0 all fit, 1 some will fail, 3 some are not known and none will fail.
            """
    )

    @OptionGroup var input: InputArguments

    @Option(
        help: ArgumentHelp(
            "Which kernels, separated by commas; 5.15? goes without where no source has it. (default: those of the lock, or all in "
                + "the store)",
            valueName: "kernels"
        )
    )
    var kernels: String?

    @Flag(
        name: .customLong("min-kernel"),
        help: "The oldest of them on which each program fits, whether the newer ones take it too, and what sets it."
    )
    var findsOldest = false

    @Flag(help: "Count on no modules of the kernels. Otherwise those that an object needs are loaded, as in test.")
    var noModules = false

    @Flag(help: "Have a guest of each kernel say what it has, where none has been asked yet.")
    var survey = false

    @Option(help: ArgumentHelp("Write the results as JSON (docs/check.md); - is standard output.", valueName: "file"))
    var json: String?

    @Flag(help: ProgramRows.help)
    var allPrograms = false

    @OptionGroup var contract: ContractArguments
    @OptionGroup(title: "Compiling") var compiling: CompilerArguments
    @OptionGroup(title: "Kernels") var source: KernelArguments

    func run() async throws {
        let inputs = try input.found
        let output: ResultsFile? = if let json { try await ResultsFile(json) } else { nil }
        let store = try KernelStore()
        let descriptor = output?.isStandardOutput == true ? STDERR_FILENO : STDOUT_FILENO
        let results = try await RunDisplay(on: descriptor).show { report in
            let lock = try source.pins()
            let selection = try source.selection(in: store, lock: lock)
            let selected = try await selection.select(try specs(in: store, lock), report: report)
            if survey { try await ask(selected.compactMap(\.kernel), in: store, report: report) }
            let preparation = ObjectPreparation(
                compilation: SourceCompilation(store: store, selection: selection, choices: compiling.choices)
            )
            let prepared = try await preparation.prepare(inputs, kernels: selected.compactMap(\.kernel), report: report)
            var results = prepared.inputs.complete(
                try await CheckRun(
                    objects: prepared.objects,
                    kernels: selected,
                    store: store,
                    isAsCompiled: contract.asCompiled,
                    loadsModules: !noModules
                ).run(findsOldest: findsOldest)
            )
            results.compilation = prepared.compilation
            if prepared.objects.isEmpty, !prepared.failed.isEmpty {
                output?.write(try CheckReport.json(results), status: ExitStatus.notAsExpected)
            }
            try prepared.requireObjects()
            return results
        }
        Terminal.write(report(results, on: descriptor), to: descriptor)
        var status = results.exitStatus
        if let output { status = output.write(try CheckReport.json(results), status: status) }
        throw ExitCode(Int32(status))
    }

    private func report(_ results: CheckResults, on descriptor: Int32) -> String {
        CheckReport(results, style: Terminal.style(of: descriptor), isWhole: allPrograms).text
    }

    private func ask(
        _ kernels: [Kernel],
        in store: KernelStore,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws {
        var supply: GuestSupply?
        for kernel in kernels where try await isUnknown(kernel, in: store) {
            let guests = if let supply { supply } else { try await Installation.supply(of: store) }
            supply = guests
            try await guests.prepare(kernel, RunOptions(), report: report)
        }
    }

    /// Also where what was kept can't be read any more.
    private func isUnknown(_ kernel: Kernel, in store: KernelStore) async throws -> Bool {
        do {
            return try await store.profile(of: kernel) == nil
        } catch is KernelStoreError {
            return true
        }
    }

    private func specs(in store: KernelStore, _ lock: KernelLock?) throws -> [String] {
        let specs =
            try kernels.map { KernelArguments.specs([$0]) } ?? lock?.specs(for: .host)
            ?? store.kernels().filter { $0.architecture == .host }.map(\.name)
        guard specs.isEmpty else { return specs }
        throw ValidationError(
            kernels == nil
                ? "No kernel in the store: name some with --kernels 5.10,6.1,6.12,latest"
                : "--kernels names none: --kernels 5.10,6.1,6.12,latest"
        )
    }
}
