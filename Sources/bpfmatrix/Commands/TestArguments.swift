// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KernelStore
import LogStore
import Matrix
import Reports
import Results
import VerdictCache

/// What is tested, where, and how: the same for one run and for many.
struct TestArguments: ParsableArguments {
    @OptionGroup var input: InputArguments

    @Option(
        help: ArgumentHelp(
            "Which kernels, separated by commas. (default: those of the lock, or all in the store)",
            valueName: "kernels"
        )
    )
    var kernels: String?

    @Option(
        help: ArgumentHelp(
            "Who loads, with commas between them: agent, verdict by verdict; bpftool, object by object; image, object by "
                + "object by what --image has. (default: agent,bpftool, and image if there is one)",
            valueName: "loaders"
        )
    )
    var loader: LoaderChoice?

    @OptionGroup var contract: ContractArguments

    @Flag(name: .customLong("no-cache"), help: "Ignore cached verdicts and objects: compile and load everything again.")
    var isAskedAnew = false

    @Flag(help: ProgramRows.help)
    var allPrograms = false

    @OptionGroup var platform: ArchitectureArguments
    @OptionGroup(title: "Compiling") var compiling: CompilerArguments
    @OptionGroup(title: "Image") var image: ImageArguments
    @OptionGroup(title: "Guests") var guests: RunArguments
    @OptionGroup(title: "Kernels") var source: KernelArguments

    func validate() throws {
        // Told before anything is read or fetched.
        _ = try platform.loaders(loader, image: image)
        try platform.check(guests)
    }

    /// A finished run for people.
    func report(_ results: MatrixResults, on descriptor: Int32) -> String {
        TerminalReport(results, style: Terminal.style(of: descriptor), isWhole: allPrograms).text
    }

    /// Everything that it takes, with the kernels pulled that the store lacks.
    ///
    /// - Parameter logs: for whole logs, besides the store.
    func bench(
        in store: KernelStore,
        logs: LogFolder? = nil,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> TestBench {
        let loader = try platform.loaders(self.loader, image: image)
        let imageUnderTest = try image.image(in: store)
        let lock = try source.pins()
        let specs = try specs(in: store, lock)
        async let supplied = maker(in: store, report: report)
        if let lock { report(.note("kernels are those that \(lock.path) pins")) }
        let selection = try source.selection(in: store, lock: lock, for: platform.architecture)
        let kernels = try await selection.select(specs, report: report)
        let maker = try await supplied
        if case .native(let supply) = maker, supply.tools.bpftool == nil {
            if loader == .bpftool { throw WitnessMissing() }
            if loader.contains(.bpftool) { report(.note("no second witness: \(WitnessMissing())")) }
        }
        var choices = compiling.choices
        if let seconds = guests.programTimeout { choices.limit = .seconds(seconds) }
        choices.isFresh = isAskedAnew
        return TestBench(
            kernels: kernels,
            preparation: ObjectPreparation(
                compilation: SourceCompilation(store: store, selection: selection, choices: choices)
            ),
            guests: maker,
            options: guests.options(
                loader: loader,
                image: imageUnderTest,
                isAsCompiled: contract.asCompiled
            ),
            cache: cache(in: store, report: report),
            logs: LogKeeper(store: LogStore(at: store.logs), folder: logs),
            // Who asks for a boot or a guest of its own does not ask for what another one said.
            isAskedAnew: isAskedAnew || guests.cold || guests.isolate
        )
    }

    private func maker(
        in store: KernelStore,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> GuestMaker {
        guard platform.isForeign else { return .native(try await Installation.supply(of: store)) }
        report(.note(platform.note))
        let supply = try await ForeignSupply(
            fetchingInto: store,
            for: platform.architecture,
            isStrict: source.sources.strict
        ) { report(.init($0, spec: "bpftool")) }
        return .foreign(supply)
    }

    private func cache(in store: KernelStore, report: (RunEvent) -> Void) -> VerdictCache? {
        do throws(VerdictCacheError) {
            return try VerdictCache(at: store.verdicts)
        } catch {
            report(.note("\(error)"))
            return nil
        }
    }

    private func specs(in store: KernelStore, _ lock: KernelLock?) throws -> [String] {
        let architecture = platform.architecture
        let specs =
            try kernels.map { KernelArguments.specs([$0]) } ?? lock?.specs(for: architecture)
            ?? store.kernels().filter { $0.architecture == architecture }.map(\.name)
        guard specs.isEmpty else { return specs }
        throw ValidationError(
            kernels == nil
                ? "No kernel in the store: name some with --kernels 5.10,6.1,6.12,latest"
                : "--kernels names none: --kernels 5.10,6.1,6.12,latest"
        )
    }
}

/// How objects with very many programs are shown.
enum ProgramRows {
    static let help: ArgumentHelp =
        "A row for every program, also of an object with more than 60. (default: those with the same verdicts share a row)"
}

struct WitnessMissing: Error, CustomStringConvertible {
    var description: String { "bpftool is not installed, or does not run: apt-get install bpftool" }
}
