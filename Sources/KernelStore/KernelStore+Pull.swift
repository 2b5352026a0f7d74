// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import FileLock
import Foundation
import Platform
import SystemPackage

/// What is happening while a kernel is fetched.
public enum PullProgress: Sendable, Hashable {
    case readingIndexes(suites: [String])
    /// A registry is asked for its tags and for an image.
    case asking(repository: String)
    /// Bytes of bytes, over all packages of the kernel.
    case downloading(release: String, bytes: Int, of: Int)
    case unpacking(release: String)
    /// Something that the user should know and that stops nothing.
    case note(String)
}

/// A kernel that a source has and this machine may not.
public struct AvailableKernel: Sendable, Hashable {
    public let line: String
    public let version: String
    public let release: String
    /// Who has it, and where there.
    public let source: String
}

extension KernelStore {
    /// The newest kernel of each line that the archive has.
    public func available(
        from archive: PackageArchive,
        on architecture: Architecture = .host,
        note: @Sendable (String) -> Void
    ) async throws -> [AvailableKernel] {
        try await withApt(of: archive, architecture) { apt in
            try await apt.update(archive.reachableSuites, note: note)
            return KernelPackage.newestOfEachLine(among: try await apt.packages()).map { package in
                AvailableKernel(
                    line: package.upstream.line,
                    version: package.upstream.text,
                    release: package.release,
                    source: "\(archive.name) \(package.suite)"
                )
            }
        }
    }

    /// Fetches the newest kernel that `spec` means, unless the store has that very one.
    public func pull(
        _ spec: KernelSpec,
        from archive: PackageArchive,
        on architecture: Architecture = .host,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> Kernel {
        let (package, parts, apt) = try await withApt(of: archive, architecture) { apt in
            let package = try await find(spec, in: archive, with: apt, progress: progress)
            guard try known(package, of: archive, architecture) == nil else { return (package, KernelParts(), apt) }
            return (package, try await offeredParts(of: package, with: apt, progress: progress), apt)
        }
        if let known = try known(package, of: archive, architecture) { return known }
        return try await scratch.with { folder in
            let total = parts.all.map(\.location.size).reduce(0, +)
            var before = 0
            for part in parts.all {
                let offset = before
                try await unpack(part, with: apt, into: folder) { bytes in
                    progress(.downloading(release: package.release, bytes: offset + bytes, of: total))
                }
                before += part.location.size
            }
            progress(.unpacking(release: package.release))
            return try await takeIn(package, parts, of: archive, architecture, unpackedIn: folder)
        }
    }

    /// The packages that a kernel is made of, as far as the archive has them.
    private struct KernelParts {
        var all: [PackagePart] = []
        /// Whether the kernel has modules that the archive has no longer.
        var isWithoutModules = false
    }

    /// Archives drop packages one by one: a kernel boots without its configuration, and many boot without their modules.
    private func offeredParts(
        of package: KernelPackage,
        with apt: PrivateApt,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> KernelParts {
        var parts = KernelParts()
        for name in try await apt.parts(of: package) {
            do {
                parts.all.append(try await apt.part(name, version: package.version))
            } catch let error as KernelStoreError where name.hasPrefix(KernelPackage.configurationPrefix) {
                progress(.note("its configuration is not to be had: \(error.firstLine)"))
            } catch KernelStoreError.notDownloaded(_, let reason) where name.hasPrefix(KernelPackage.modulesPrefix) {
                parts.isWithoutModules = true
                progress(.note("\(package.release) comes without modules: \(reason)"))
            }
        }
        return parts
    }

    /// One at a time for each archive: apt's files are changed by whoever reads an archive anew.
    func withApt<Result: Sendable>(
        of archive: PackageArchive,
        _ architecture: Architecture,
        _ body: (PrivateApt) async throws -> Result
    ) async throws -> Result {
        let name = architecture == .amd64 ? archive.name : "\(archive.name)-\(architecture.rawValue)"
        let folder = root.appending("apt").appending(name)
        do {
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        } catch {
            throw KernelStoreError.storage(path: folder.string, reason: error.localizedDescription)
        }
        let purpose = "the indexes of \(archive.name)"
        return try await FileLock.with(folder.appending("lock"), for: purpose, within: Self.patience) {
            // Its configuration is written here, and is another process's before and after.
            try await body(try PrivateApt(folder: folder, archive: archive, architecture: architecture))
        }
    }

    /// Debian's releases end with their architecture, others' may not.
    private static func recordName(
        _ release: String,
        of archive: PackageArchive,
        _ architecture: Architecture
    ) -> String {
        let isTold = architecture == .amd64 || release.hasSuffix("-\(architecture.rawValue)")
        return "\(archive.name)-\(release)" + (isTold ? "" : "-\(architecture.rawValue)")
    }

    private func known(
        _ package: KernelPackage,
        of archive: PackageArchive,
        _ architecture: Architecture
    ) throws(KernelStoreError) -> Kernel? {
        let name = Self.recordName(package.release, of: archive, architecture)
        // One from an older version may lack modules, and is fetched again; so is one of another revision of the package.
        return try kernels().first { kernel in
            kernel.name == name && kernel.origin == archive.name && kernel.isComplete
                && kernel.source.hasSuffix(" \(package.name) \(package.version)")
        }
    }

    private func find(
        _ spec: KernelSpec,
        in archive: PackageArchive,
        with apt: PrivateApt,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> KernelPackage {
        let suites = archive.suites(for: spec)
        progress(.readingIndexes(suites: suites.map(\.name)))
        try await apt.update(suites) { progress(.note($0)) }
        if let package = KernelPackage.best(for: archive.sought(spec), among: try await apt.packages()) {
            return package
        }
        // The line may have moved to a suite that it is not known for.
        let all = archive.reachableSuites
        progress(.readingIndexes(suites: all.map(\.name)))
        try await apt.update(all) { progress(.note($0)) }
        let packages = try await apt.packages()
        if let package = KernelPackage.best(for: archive.sought(spec), among: packages) { return package }
        throw KernelStoreError.notOffered(
            spec: "\(spec)",
            by: "\(archive.name) (\(all.map(\.name).joined(separator: ", ")))",
            offered: KernelPackage.newestOfEachLine(among: packages).map(\.upstream.line)
        )
    }

    private static let unpackLimit = Duration.seconds(300)
    private static let aptDownloadLimit = Duration.seconds(3600)

    /// Fetches a package, and unpacks it below `root` in the folder.
    func unpack(
        _ part: PackagePart,
        with apt: PrivateApt,
        into folder: FilePath,
        progress: @Sendable (Int) -> Void
    ) async throws {
        let scheme = part.location.address.prefix { $0 != ":" }
        guard scheme == "http" || scheme == "https" else {
            let fetched = folder.appending("fetched")
            try FileManager.default.createDirectory(atPath: fetched.string, withIntermediateDirectories: true)
            try await apt.download(part.name, version: part.version, into: fetched, within: Self.aptDownloadLimit)
            for name in try FileManager.default.contentsOfDirectory(atPath: fetched.string) {
                try await unpack(fetched.appending(name), into: folder)
                unlink(fetched.appending(name).string)
            }
            return
        }
        let download = PackageDownload(
            folder: root.appending("downloads"),
            location: part.location,
            what: part.name,
            proxy: try await apt.proxy(for: String(scheme))
        )
        try await download.with(progress: progress) { try await unpack($0, into: folder) }
    }

    private func unpack(_ file: FilePath, into folder: FilePath) async throws {
        let result = try await Command("dpkg-deb", ["--extract", file.string, folder.appending("root").string])
            .run(within: Self.unpackLimit)
        guard result.ending.isSuccess else {
            throw KernelStoreError.toolFailed("cannot unpack \(file): \(result.errorText)")
        }
    }

    private func takeIn(
        _ package: KernelPackage,
        _ parts: KernelParts,
        of archive: PackageArchive,
        _ architecture: Architecture,
        unpackedIn folder: FilePath
    ) async throws -> Kernel {
        let top = folder.appending("root")
        let release = package.release
        func first(_ candidates: String...) -> FilePath? {
            candidates.map { top.appending($0) }.first { FileManager.default.fileExists(atPath: $0.string) }
        }
        guard let image = first("boot/vmlinuz-\(release)", "usr/lib/modules/\(release)/vmlinuz") else {
            throw KernelStoreError.notAKernel(path: package.name, reason: "the package has no image for \(release)")
        }
        let files = KernelFiles(
            image: image,
            config: first("boot/config-\(release)", "usr/lib/modules/\(release)/config"),
            modules: first("lib/modules/\(release)", "usr/lib/modules/\(release)")
        )
        return try await insert(replacing: true) {
            try await KernelIntake(
                blobs: blobs,
                folder: folder,
                expected: architecture,
                knownModules: moduleSets
            ).take(files) {
                found throws(KernelStoreError) in
                guard found == release else { throw .anotherKernel(expected: release, found: found) }
                return KernelCredentials(
                    name: Self.recordName(release, of: archive, architecture),
                    origin: archive.name,
                    source: "\(archive.name) \(package.suite) \(package.name) \(package.version)",
                    version: package.upstream.text,
                    isWithoutModules: parts.isWithoutModules
                )
            }
        }
    }
}
