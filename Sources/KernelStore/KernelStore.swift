// SPDX-License-Identifier: Apache-2.0

import FileLock
import Foundation
import KernelProfile
import Platform
import ScratchFolder
import SystemPackage

/// The kernels on this machine.
///
/// ```
/// blobs/       images, configurations, modules, BTF and profiles, each under its SHA-256
/// kernels/     one record for each kernel: which blobs it consists of, and where it came from
/// profiles/    what a kernel has for BPF: one record for each image that was surveyed
/// templates/   guests that were booted and saved
/// compiled/    objects that were compiled, and headers
/// verdicts.*   what kernels have answered before
/// logs/        verifier logs that are too long for results, each under its SHA-256
/// downloads/   packages that have not come whole yet
/// tools/       bpftool for guests that can't have the agent
/// apt/         apt's own files, apart from the machine's
/// tmp/         what is being worked on
/// ```
/// Any number of processes may use a store at once, and any may die at any time: blobs and records are renamed into
/// place, a record is written after its blobs, and removals happen under a lock. What a process has taken hold of stays where it
/// is for that process.
public struct KernelStore: Sendable {
    public let root: FilePath
    let blobs: BlobStore
    let scratch: ScratchFolders
    let hold: KernelHold

    /// Where it is remembered whether KVM works on this machine.
    public var acceleratorMemory: FilePath { root.appending("accelerator.json") }
    /// For guests that were saved, to be restored.
    public var templates: FilePath { root.appending("templates") }
    /// For what kernels have answered before.
    public var verdicts: FilePath { root.appending("verdicts.sqlite") }
    /// Whole verifier logs, by digest.
    public var logs: FilePath { root.appending("logs") }
    /// For objects that were compiled, and the headers that they were compiled with.
    public var compilerCache: FilePath { root.appending("compiled") }

    /// How long another process that changes the store is waited for: it may be downloading, on a slow line.
    static let patience = Duration.seconds(1800)

    private var records: FilePath { root.appending("kernels") }
    private var lock: FilePath { root.appending("lock") }

    /// `BPFMATRIX_STORE`, or `bpfmatrix` in the user's cache folder. A relative XDG_CACHE_HOME counts for nothing (XDG Base Directory
    /// Specification).
    public static func defaultRoot(environment: [String: String] = ProcessInfo.processInfo.environment) -> FilePath {
        if let chosen = environment["BPFMATRIX_STORE"], !chosen.isEmpty { return FilePath(chosen) }
        if let cache = environment["XDG_CACHE_HOME"], FilePath(cache).isAbsolute {
            return FilePath(cache).appending("bpfmatrix")
        }
        return FilePath(NSHomeDirectory()).appending(".cache").appending("bpfmatrix")
    }

    /// Opens the store, and makes it where it is not there yet.
    public init(root: FilePath = KernelStore.defaultRoot()) throws(KernelStoreError) {
        // apt and tar run in other folders.
        let root = Self.absolute(root)
        self.root = root
        scratch = ScratchFolders(in: root.appending("tmp"), prefix: "")
        hold = KernelHold(in: scratch)
        blobs = BlobStore(folder: root.appending("blobs"), scratch: scratch, hold: hold)
        for folder in ["", "blobs", "kernels", "downloads", "tools", "tmp"] {
            let path = folder.isEmpty ? root : root.appending(folder)
            do {
                try FileManager.default.createDirectory(
                    atPath: path.string,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw .storage(path: path.string, reason: error.localizedDescription)
            }
        }
        scratch.sweep()
    }

    /// Everything in the store, oldest version first.
    public func kernels() throws(KernelStoreError) -> [Kernel] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: records.string)
        } catch {
            throw .storage(path: records.string, reason: "cannot be read: \(error.localizedDescription)")
        }
        var kernels: [Kernel] = []
        for name in names.sorted() where name.hasSuffix(".json") {
            let path = records.appending(name)
            // Another process may have removed it just now.
            guard let data = FileManager.default.contents(atPath: path.string) else { continue }
            do {
                kernels.append(try Self.decoder.decode(Kernel.self, from: data))
            } catch {
                throw .damaged(path: path.string, reason: "it is no record of a kernel")
            }
        }
        return kernels.sorted { $0.isOlder(than: $1) }
    }

    /// The newest kernel in the store that `spec` means; nil where there is none.
    ///
    /// - Parameters:
    ///   - architecture: nil leaves it to names and releases, and takes the host's for anything else.
    ///   - sources: names, in the order in which they are preferred where several have had the same.
    public func kernel(
        for spec: KernelSpec,
        on architecture: Architecture? = nil,
        preferring sources: [String] = []
    ) throws(KernelStoreError) -> Kernel? {
        var meant = try kernels().filter { spec.matches($0) && (architecture ?? $0.architecture) == $0.architecture }
        func rank(_ kernel: Kernel) -> Int { sources.firstIndex(of: kernel.origin) ?? sources.count }
        // A name is one kernel's; of several that are equally new the preferred source's comes last.
        if case .named(let name) = spec, let named = meant.first(where: { $0.name == name }) { meant = [named] }
        meant.sort { left, right in
            if left.isOlder(than: right) { return true }
            return !right.isOlder(than: left) && rank(left) > rank(right)
        }
        if architecture == nil, let ofHost = meant.last(where: { $0.architecture == .host }) { return ofHost }
        guard architecture == nil else { return meant.last }
        return meant.last { spec.namesOne(of: $0) }
    }

    /// Where a blob's bytes are.
    public func path(of blob: Blob) -> FilePath { blobs.path(of: blob) }

    /// The kernel's configuration; nil where it isn't known.
    public func configuration(of kernel: Kernel) throws(KernelStoreError) -> KernelConfiguration? {
        guard let config = kernel.config else { return nil }
        return KernelConfiguration(try BlobStore.read(path(of: config)))
    }

    /// Runs `body` with a private folder that goes with it.
    public func withTemporaryFolder<Result>(
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        try await scratch.with(body)
    }

    /// Forgets a kernel, and removes what no other kernel needs.
    @discardableResult
    public func remove(_ name: String) async throws -> Kernel {
        try await whileUnchanged {
            let kernels = try kernels()
            let ofRelease = kernels.filter { $0.release == name }
            guard let kernel = kernels.first(where: { $0.name == name }) ?? ofRelease.first else {
                throw KernelStoreError.notInStore(name: name, there: kernels.map(\.name))
            }
            guard kernel.name == name || ofRelease.count == 1 else {
                throw KernelStoreError.ambiguous(name: name, ofRelease.map(\.name))
            }
            unlink(record(kernel.name).string)
            keepOnlyWhatIsNeeded(by: kernels.filter { $0.name != kernel.name })
            return kernel
        }
    }

    /// Runs `body` while nobody takes in or removes a kernel.
    func whileUnchanged<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await FileLock.with(lock, for: "the kernels of \(root)", within: Self.patience, body)
    }

    /// Records a kernel whose blobs `makeBlobs` adds. Removals wait, so that no blob goes before its record is there.
    func insert(replacing: Bool, _ makeKernel: () async throws -> Kernel) async throws -> Kernel {
        try await whileUnchanged {
            let kernel = try await makeKernel()
            let path = record(kernel.name)
            // Whoever it is from, it takes nobody else's place.
            let same = try kernels().first { $0.name == kernel.name }
            guard same == nil || (replacing && same?.origin == kernel.origin) else {
                throw KernelStoreError.nameTaken(name: kernel.name)
            }
            do {
                try Self.encoder.encode(kernel).write(to: URL(filePath: path.string), options: .atomic)
            } catch {
                throw KernelStoreError.storage(path: path.string, reason: error.localizedDescription)
            }
            // Those of the record that was replaced, and those of a process that died before its record.
            keepOnlyWhatIsNeeded(by: try kernels())
            return kernel
        }
    }

    private func record(_ name: String) -> FilePath { records.appending("\(name).json") }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }
}
