// SPDX-License-Identifier: Apache-2.0

import KernelStore
import Platform
import Results

/// What one word of the user's about kernels came to.
public enum SelectedKernel: Sendable, Hashable {
    case available(spec: String, Kernel)
    /// No source has it, or none answers: its column has no verdicts.
    case unavailable(spec: String, reason: String)

    /// What the user wrote.
    public var spec: String {
        switch self {
        case .available(let spec, _), .unavailable(let spec, _): spec
        }
    }

    public var kernel: Kernel? {
        guard case .available(_, let kernel) = self else { return nil }
        return kernel
    }
}

/// Finds the kernels that the user means: in the store, and what is not there, in the sources.
public struct KernelSelection: Sendable {
    private let store: KernelStore
    /// Which kernels may be meant; nil leaves it to the store and the archive.
    private let lock: KernelLock?
    /// Asked only for what the store lacks.
    private let sources: KernelSources

    public init(store: KernelStore, lock: KernelLock? = nil, sources: KernelSources) {
        self.store = store
        self.lock = lock
        self.sources = sources
    }

    /// The words that a lock pins, oldest kernel first; nil without a lock.
    public var pinnedSpecs: [String]? { lock?.specs(for: architecture) }

    /// Of the kernels that are meant.
    public var architecture: Architecture { sources.architecture }

    /// One answer for each word, in their order; a kernel that is meant twice is asked once. An optional one that nobody has
    /// is left out, with a note.
    public func select(
        _ specs: [String],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> [SelectedKernel] {
        var selected: [SelectedKernel] = []
        for word in specs.map(KernelWord.init) {
            guard let found = try await select(word, report: report) else { continue }
            let spec = found.spec
            if let kernel = found.kernel, selected.contains(where: { $0.kernel?.name == kernel.name }) {
                report(.note("\(spec) is \(kernel.name), which is asked already"))
            } else {
                selected.append(found)
            }
        }
        return selected
    }

    /// The kernel for one word, fetched where the store has none. It stays usable for as long as the store's value is used,
    /// whoever removes it.
    public func kernel(
        _ word: String,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Kernel {
        let spec = KernelWord(word).text
        for _ in 1..<Self.lookups {
            let kernel = try await find(spec, report: report)
            if try store.hold(kernel) { return kernel }
        }
        return try await find(spec, report: report)
    }

    /// How often a kernel is looked up that somebody removes each time before it is held.
    private static let lookups = 3

    private func find(
        _ spec: String,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Kernel {
        if let lock { return try await kernel(spec, pinnedBy: lock, report: report) }
        let meant = sources.meaning(of: KernelSpec(spec))
        let known = try store.kernel(for: meant, on: architecture, preferring: sources.sources.map(\.name))
        // One from an older version may lack modules: it is fetched again, if it can be.
        if let known, !meant.isOnlyKnownToSources, known.isOwn || known.isComplete { return known }
        if known == nil, let other = try store.kernel(for: meant), meant.namesOne(of: other) {
            throw KernelStoreError.anotherArchitecture(expected: architecture, found: other.architecture)
        }
        do {
            return try await newest(spec, report: report)
        } catch {
            try Task.checkCancellation()
            guard let known, (error as? KernelStoreError)?.isUnavailability == true else { throw error }
            report(.note("\(spec): the sources can't be asked, going by what is here: \(error)"))
            return known
        }
    }

    /// The newest kernel that a source has for the word, whatever the store has; or one of the user's own, where nothing else has
    /// that line or version.
    public func newest(_ spec: String, report: @escaping @Sendable (RunEvent) -> Void) async throws -> Kernel {
        do {
            return try await store.pull(KernelSpec(spec), from: sources) { report(.init($0, spec: spec)) }
        } catch let error as KernelStoreError where error.isUnavailability {
            try Task.checkCancellation()
            let meant = sources.meaning(of: KernelSpec(spec))
            guard try store.kernel(for: meant, on: architecture) == nil,
                let own = try store.ownKernel(for: meant, on: architecture)
            else { throw error }
            report(.note("\(own.note(onMeaning: spec)) (\(error.inOneLine))"))
            return own
        }
    }

    /// That very kernel, or an error that says that it is not the program's fault.
    private func kernel(
        _ spec: String,
        pinnedBy lock: KernelLock,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Kernel {
        let path = lock.path.string
        guard let pin = lock.pin(of: spec, for: architecture) else {
            throw KernelLockError.notPinned(spec: spec, path: path, pinned: lock.specs(for: architecture))
        }
        func checked(_ kernel: Kernel) throws(KernelLockError) -> Kernel {
            if pin.isMet(by: kernel) { return kernel }
            guard pin.hasImage(of: kernel) else {
                throw .replaced(spec: spec, path: path, pin, found: kernel.digest)
            }
            throw .changed(spec: spec, path: path, pin, parts: pin.changes(in: kernel))
        }
        // A file or a tree is looked at in every run: it is not tested as what it was.
        let here = try store.kernels()
        let known = here.first(where: pin.isMet)
        if let known, !store.isThere(KernelSpec(spec)) { return known }
        guard let wanted = pin.whereToFind(spec) else {
            if let changed = here.first(where: pin.hasImage) { return try checked(changed) }
            let reason = "it was added by hand, and is not in the store: bpfmatrix kernels add, or import"
            throw KernelLockError.gone(spec: spec, path: path, pin, reason: reason, isAbsence: true)
        }
        let found: Kernel
        do {
            found = try await store.pull(wanted, from: sources) { report(.init($0, spec: spec)) }
        } catch {
            try Task.checkCancellation()
            let isAbsence = (error as? KernelStoreError)?.isAbsence ?? false
            throw KernelLockError.gone(spec: spec, path: path, pin, reason: "\(error)", isAbsence: isAbsence)
        }
        let kernel = try checked(found)
        return known ?? kernel
    }

    /// - Returns: nil for an optional kernel that nobody has.
    private func select(
        _ word: KernelWord,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> SelectedKernel? {
        do {
            return .available(spec: word.text, try await kernel(word.text, report: report))
        } catch {
            try Task.checkCancellation()
            guard word.isOptional, let absence = KernelAbsence(error) else {
                return .unavailable(spec: word.text, reason: "\(error)")
            }
            report(.note("\(word.text) is left out: \(absence)"))
            return nil
        }
    }
}

/// That nobody has a kernel, or can be asked for it.
public struct KernelAbsence: CustomStringConvertible {
    /// In one line.
    public let description: String

    /// nil for an error that says something else.
    public init?(_ error: any Error) {
        switch error {
        case let error as KernelStoreError where error.isAbsence: description = error.inOneLine
        case let error as KernelLockError where error.isAbsence:
            description = "\(error)".split(separator: "\n").joined(separator: "; ")
        default: return nil
        }
    }
}

extension RunEvent {
    /// What fetching a kernel looks like in a run.
    public init(_ progress: PullProgress, spec: String) {
        switch progress {
        case .readingIndexes(let suites):
            self = .working("\(spec): reading the archive's indexes (\(suites.joined(separator: ", ")))", fraction: nil)
        case .asking(let repository): self = .working("\(spec): asking \(repository)", fraction: nil)
        case .downloading(let release, let bytes, let total):
            self = .working(
                "\(spec): downloading \(release)",
                fraction: total > 0 ? Double(bytes) / Double(total) : nil
            )
        case .unpacking(let release): self = .working("\(spec): unpacking \(release)", fraction: nil)
        case .note(let text): self = .note("\(spec): \(text)")
        }
    }
}
