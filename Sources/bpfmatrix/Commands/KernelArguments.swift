// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Platform
import Results
import SystemPackage

/// How far sources are trusted.
struct SourceArguments: ParsableArguments {
    @Flag(help: "Refuse an archive's indexes that are past their own date, instead of saying so and going on.")
    var strict = false

    /// Those of this machine's configuration.
    func sources(
        for architecture: Architecture = .host
    ) throws(SourceConfiguration.Failure) -> KernelSources {
        var sources = try SourceConfiguration.sources()
        sources.architecture = architecture
        sources.isStrict = strict
        return sources
    }
}

/// Which kernels, and where from.
struct KernelArguments: ParsableArguments {
    @OptionGroup var sources: SourceArguments

    @Option(
        help: ArgumentHelp(
            "Kernels are exactly those that this file pins. (default: \(KernelLock.usualName), if it is here)",
            valueName: "file"
        )
    )
    var lock: String?

    @Flag(help: "Use any kernel, and ignore \(KernelLock.usualName).")
    var noLock = false

    func validate() throws {
        if noLock && lock != nil { throw ValidationError("--lock and --no-lock contradict each other") }
    }

    /// nil where none is named, and none is here.
    func pins() throws(KernelLockError) -> KernelLock? {
        if noLock { return nil }
        if let lock { return try KernelLock(reading: FilePath(lock)) }
        let isHere = FileManager.default.fileExists(atPath: KernelLock.usualName)
        return isHere ? try KernelLock(reading: FilePath(KernelLock.usualName)) : nil
    }

    func selection(in store: KernelStore) throws -> KernelSelection {
        try selection(in: store, lock: try pins())
    }

    func selection(
        in store: KernelStore,
        lock: KernelLock?,
        for architecture: Architecture = .host
    ) throws -> KernelSelection {
        KernelSelection(store: store, lock: lock, sources: try sources.sources(for: architecture))
    }

    /// `5.10,6.1` and `5.10 6.1` alike.
    static func specs(_ words: [String]) -> [String] {
        words.flatMap { $0.split(separator: ",") }.map { $0.trimmingPrefix(" ") }.filter { !$0.isEmpty }.map(
            String.init
        )
    }
}
