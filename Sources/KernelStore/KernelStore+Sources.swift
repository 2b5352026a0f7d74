// SPDX-License-Identifier: Apache-2.0

extension KernelStore {
    /// Fetches the newest kernel that `spec` means from the first source that has one, unless the store has that very
    /// one. A source that can't be asked stops nothing where another has it.
    ///
    /// - Throws: `KernelStoreError.noSource` with what each said, where none has it.
    public func pull(
        _ spec: KernelSpec,
        from sources: KernelSources,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> Kernel {
        let asked: [KernelSource]
        let wanted: KernelSpec
        switch sources.meaning(of: spec) {
        case .file(let path): return try await takeIn(file: path, on: sources.architecture)
        case .tree(let path): return try await takeIn(tree: path, on: sources.architecture)
        case .image(let reference):
            asked = [try sources.source(ofImage: reference)]
            wanted = .image(reference)
        case .from(let name, let inner):
            asked = [try sources.source(named: name)]
            wanted = inner
        case let other:
            asked = sources.sources
            wanted = other
        }
        var answers: [SourceAnswer] = []
        for source in asked {
            do {
                let kernel = try await pull(wanted, from: source, of: sources, progress: progress)
                for answer in answers { progress(.note("\(answer.source) was asked first: \(answer.answer)")) }
                return kernel
            } catch let error as KernelStoreError where error.leavesOthersToAsk && asked.count > 1 {
                try Task.checkCancellation()
                answers.append(
                    SourceAnswer(source: source.name, answer: "\(error)", isAbsence: error.isAbsence)
                )
            }
        }
        throw KernelStoreError.noSource(spec: "\(spec)", answers: answers)
    }

    private func pull(
        _ spec: KernelSpec,
        from source: KernelSource,
        of sources: KernelSources,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> Kernel {
        switch source {
        case .debian:
            try await pull(
                spec,
                from: try await .debian(isStrict: sources.isStrict),
                on: sources.architecture,
                progress: progress
            )
        case .archive(let archive):
            try await pull(
                spec,
                from: archive.with(isStrict: sources.isStrict),
                on: sources.architecture,
                progress: progress
            )
        case .registry(let registry):
            try await pull(spec, from: registry, architecture: sources.architecture, progress: progress)
        }
    }

    /// The newest kernel of each line that a source has.
    public func available(
        from source: KernelSource,
        of sources: KernelSources,
        note: @Sendable (String) -> Void
    ) async throws -> [AvailableKernel] {
        switch source {
        case .debian:
            try await available(
                from: try await .debian(isStrict: sources.isStrict),
                on: sources.architecture,
                note: note
            )
        case .archive(let archive):
            try await available(
                from: archive.with(isStrict: sources.isStrict),
                on: sources.architecture,
                note: note
            )
        case .registry(let registry): try await available(from: registry)
        }
    }
}

extension KernelStoreError {
    /// Whether nobody could be asked, or has it: then what was there before may do. What was refused for what it is, may not.
    public var isUnavailability: Bool {
        if case .noSource = self { return true }
        return leavesOthersToAsk
    }

    /// Whether it only says that this source does not have the kernel, or can't be asked now. What was refused for what it
    /// is, is told at once instead.
    fileprivate var leavesOthersToAsk: Bool {
        switch self {
        case .notOffered, .noArchive, .aptMissing, .noKeyring, .archiveUnreadable, .notDownloaded: true
        case .registry(let error): error.isUnavailability
        default: false
        }
    }
}
