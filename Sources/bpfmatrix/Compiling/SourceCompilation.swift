// SPDX-License-Identifier: Apache-2.0

import Compiler
import Foundation
import KernelStore
import Matrix
import Platform
import Results
import SystemPackage
import VirtualMachine

/// Compiles the sources of a run, several at once.
struct SourceCompilation: Sendable {
    let store: KernelStore
    let selection: KernelSelection
    /// What the user wants of the compiler.
    let choices: CompilerChoices

    /// What came of one source.
    enum Outcome: Sendable {
        case object(CompiledObject)
        /// `files`: all that the compiler read, or wanted to.
        case failed(FailedInput, files: [FilePath])
    }

    struct Compiled: Sendable {
        var outcomes: [FilePath: Outcome] = [:]
        /// nil where nothing was compiled.
        var compilation: Compilation?
    }

    /// - Parameter kernels: under test: the oldest decides which code suits; one of them gives `vmlinux.h` where the store has no
    ///   usual one.
    func compile(
        _ sources: [FilePath],
        kernels: [Kernel],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Compiled {
        var compiled = Compiled()
        for source in sources {
            guard let missing = InputReader.missing(source) else { continue }
            compiled.outcomes[source] = .failed(missing, files: [source])
        }
        let present = sources.filter { compiled.outcomes[$0] == nil }
        guard !present.isEmpty else { return compiled }
        let compiler = try await Compiler(cache: store.compilerCache)
        var settings = CompilerSettings(
            architecture: selection.architecture.target,
            code: CodeChoice(oldestKernel: kernels.map { KernelVersion($0.version) }.min()?.numbers ?? []),
            flags: choices.flags,
            limit: max(choices.limit, CompilerSettings.usualLimit),
            isFresh: choices.isFresh
        )
        settings.header = try await header(for: present, kernels: kernels, report: report)
        try await compile(present, by: compiler, settings, into: &compiled, report: report)
        let objects = present.compactMap { compiled.outcomes[$0]?.object }
        tell(of: objects, by: settings, report: report)
        compiled.compilation = Compilation(of: objects, by: compiler, settings)
        return compiled
    }

    private func compile(
        _ sources: [FilePath],
        by compiler: Compiler,
        _ settings: CompilerSettings,
        into compiled: inout Compiled,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws {
        let count = sources.count == 1 ? "1 source" : "\(sources.count) sources"
        try await withThrowingTaskGroup(of: (FilePath, Outcome).self) { group in
            var waiting = sources[...]
            func start() {
                guard let source = waiting.popFirst() else { return }
                group.addTask { (source, try await Self.outcome(of: source, by: compiler, settings)) }
            }
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) { start() }
            var finished = 0
            while let (source, outcome) = try await group.next() {
                compiled.outcomes[source] = outcome
                finished += 1
                // What is taken from the cache takes no time.
                if outcome.object?.isReused != true, finished < sources.count {
                    report(.working("compiling \(count)", fraction: Double(finished) / Double(sources.count)))
                }
                start()
            }
        }
    }

    private static func outcome(
        of source: FilePath,
        by compiler: Compiler,
        _ settings: CompilerSettings
    ) async throws -> Outcome {
        var settings = settings
        if settings.header?.isChosen != true, let beside = VmlinuxHeader.beside(source) { settings.header = beside }
        do {
            return .object(try await compiler.compile(source, settings))
        } catch let error as CompileError {
            // Of the source; anything else is wrong with the means, for all sources alike.
            guard let failure = ObjectFailure(error) else { throw error }
            let files = error.rejection?.inputs.map { FilePath($0) } ?? [source]
            return .failed(FailedInput(source: source.string, failure, description: "\(error)"), files: files)
        }
    }

    /// Warnings once each, through however many sources they were met, and what else is to be said of objects.
    private func tell(of objects: [CompiledObject], by settings: CompilerSettings, report: (RunEvent) -> Void) {
        var known: Set<[String]> = []
        for object in objects {
            for note in object.notes { report(.note(note)) }
            for warning in CompilerDiagnostics(object.warnings).warnings where known.insert(warning.identity).inserted {
                report(.note(warning.lines.joined(separator: "\n")))
            }
            if let header = settings.header, header.isChosen, let read = object.vmlinux, !header.isRead(as: read) {
                report(
                    .note("\(object.source): reads \(read), which lies nearer to it than --vmlinux \(header.origin)")
                )
            }
        }
    }

    // MARK: vmlinux.h

    /// nil where every source has one beside it.
    private func header(
        for sources: [FilePath],
        kernels: [Kernel],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> VmlinuxHeader? {
        switch choices.vmlinux {
        case .path(let path): return try VmlinuxHeader.chosen(path, cache: store.compilerCache)
        case .kernel(let spec):
            return try await header(from: try await selection.kernel(spec, report: report), isChosen: true)
        case nil:
            guard sources.contains(where: { VmlinuxHeader.beside($0) == nil }) else { return nil }
            return try await header(from: try await usualKernel(kernels, report: report))
        }
    }

    /// Which kernel's types a program is compiled with unless told otherwise: of what long-term lines there are, one
    /// that is new enough to know what programs ask for.
    private static let usualHeader = "6.12"

    /// A usual one, else the newest under test, or in the lock.
    private func usualKernel(
        _ kernels: [Kernel],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Kernel {
        // Other types make other objects: a lock decides them too.
        if let pinned = selection.pinnedSpecs {
            let spec = pinned.contains(Self.usualHeader) ? Self.usualHeader : pinned.last ?? Self.usualHeader
            return try await selection.kernel(spec, report: report)
        }
        if let usual = try store.kernel(for: KernelSpec(Self.usualHeader), on: selection.architecture) { return usual }
        let others = kernels.isEmpty ? try store.kernels().filter { $0.architecture == .host } : kernels
        let newest = others.filter { $0.btf != nil }.max { KernelVersion($0.version) < KernelVersion($1.version) }
        if let newest { return newest }
        return try await selection.kernel(Self.usualHeader, report: report)
    }

    func header(from kernel: Kernel, isChosen: Bool = false) async throws -> VmlinuxHeader {
        guard let btf = kernel.btf else { throw CompileError.noTypeInformation(kernel: kernel.name) }
        guard let bpftool = try await BPFTool.locate() else { throw CompileError.noBPFTool }
        return try await VmlinuxHeader.generate(
            from: store.path(of: btf),
            origin: kernel.version,
            isChosen: isChosen,
            bpftool: (bpftool.path, bpftool.version),
            cache: store.compilerCache
        )
    }
}

extension Architecture {
    /// As libbpf's headers spell it.
    fileprivate var target: TargetArchitecture {
        switch self {
        case .amd64: .x86
        case .arm64: .arm64
        }
    }
}

extension SourceCompilation.Outcome {
    /// nil for what did not compile.
    fileprivate var object: CompiledObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }
}
