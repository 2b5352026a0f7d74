// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import FileLock
import Foundation
import Platform
import ScratchFolder
import SystemPackage

extension KernelStore {
    /// The release whose packages the tools are: the newest stable one, whose libbpf knows most sections, and the same for every
    /// kernel.
    private static let toolRelease = "13"
    private static let shellPackage = "busybox-static"
    private static let bpftoolPackage = "bpftool"
    /// bpftool's libraries are in half a dozen packages; one that wants more is not the one that was meant.
    private static let mostPackages = 24

    private var toolFolder: FilePath { root.appending("tools") }
    private var toolBlobs: BlobStore { BlobStore(folder: toolFolder, scratch: scratch) }
    private func toolRecord(_ architecture: Architecture) -> FilePath {
        toolFolder.appending("\(architecture.rawValue).json")
    }

    /// Where a file's bytes are.
    public func path(of file: GuestToolset.File) -> FilePath { toolBlobs.path(of: file.blob) }

    /// What is here, whole; nil where nothing is.
    public func tools(for architecture: Architecture) throws(KernelStoreError) -> GuestToolset? {
        let record = toolRecord(architecture)
        guard let data = FileManager.default.contents(atPath: record.string) else { return nil }
        guard let tools = try? JSONDecoder().decode(GuestToolset.self, from: data), tools.architecture == architecture
        else {
            throw .damaged(path: record.string, reason: "it is no record of tools for guests")
        }
        // Half removed is not there: it is fetched again.
        return tools.files.allSatisfy({ toolBlobs.contains($0.blob) }) ? tools : nil
    }

    /// Fetches bpftool, its libraries and a shell for guests of this architecture out of Debian's archive, verified as kernels
    /// are; nothing of it runs on the host.
    public func pullTools(
        for architecture: Architecture,
        from archive: PackageArchive,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> GuestToolset {
        var archive = archive
        // Its lists must not take the place of those with kernels.
        archive.name += "-tools"
        let suites = archive.reachableSuites.filter { $0.release == Self.toolRelease }
        progress(.readingIndexes(suites: suites.map(\.name)))
        return try await withApt(of: archive, architecture) { apt in
            try await apt.update(suites) { progress(.note($0)) }
            return try await scratch.with { folder in
                var gathering = ToolGathering(
                    top: folder.appending("root"),
                    architecture: architecture,
                    blobs: toolBlobs
                )
                try await gathering.gather(shell: Self.shellPackage, bpftool: Self.bpftoolPackage) { name, fetched in
                    guard fetched < Self.mostPackages, let entry = try await apt.newest(name) else { return nil }
                    let part = try await apt.part(name, version: entry.version)
                    progress(.downloading(release: name, bytes: 0, of: part.location.size))
                    try await unpack(part, with: apt, into: folder) { bytes in
                        progress(.downloading(release: name, bytes: bytes, of: part.location.size))
                    }
                    return (entry, part.location.sha256)
                }
                return try keep(gathering.toolset)
            }
        }
    }

    private func keep(_ tools: GuestToolset) throws(KernelStoreError) -> GuestToolset {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let path = toolRecord(tools.architecture)
        do {
            try encoder.encode(tools).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
        return tools
    }
}

/// Goes from a program to the libraries that it needs, and from those on, fetching the packages that have them.
private struct ToolGathering {
    /// Where packages are unpacked.
    let top: FilePath
    let architecture: Architecture
    let blobs: BlobStore

    private var packages: [GuestToolset.Package] = []
    private var dependencies: [String: [String]] = [:]
    private var files: [GuestToolset.File] = []

    typealias Fetch = (_ name: String, _ fetched: Int) async throws -> (PackageEntry, sha256: String)?

    init(top: FilePath, architecture: Architecture, blobs: BlobStore) {
        self.top = top
        self.architecture = architecture
        self.blobs = blobs
    }

    var toolset: GuestToolset { GuestToolset(architecture: architecture, files: files, packages: packages) }

    mutating func gather(shell: String, bpftool: String, _ fetch: Fetch) async throws {
        guard try await take(shell, fetch), let busybox = find(["usr/bin/busybox", "bin/busybox"]) else {
            throw missing(shell)
        }
        // A static one needs nothing; one that is not would fail in the guest, without a word.
        let shellBytes = try BlobStore.read(busybox)
        let itsLibraries = try needs(of: shellBytes, GuestToolset.shell)
        guard itsLibraries.isEmpty else { throw missing("a static \(shell)") }
        try add(shellBytes, as: GuestToolset.shell)
        guard try await take(bpftool, fetch), let program = find(["usr/sbin/bpftool", "sbin/bpftool"]) else {
            throw missing(bpftool)
        }
        try await add(program, as: GuestToolset.bpftool, from: bpftool, fetch)
    }

    /// A program or library, and what it needs in its turn.
    private mutating func add(
        _ path: FilePath,
        as name: String,
        from package: String,
        _ fetch: Fetch
    ) async throws {
        let bytes = try BlobStore.read(path)
        try add(bytes, as: name)
        for library in try needs(of: bytes, name) where !files.contains(where: { $0.name == Self.place(of: library) }) {
            guard KernelStore.isPlain(library) else { throw missing("a library that \(name) needs") }
            var owner = package
            var found = find(candidates(library))
            var untried = (dependencies[package] ?? []).filter { dependencies[$0] == nil }
            while found == nil, !untried.isEmpty {
                owner = untried.removeFirst()
                guard try await take(owner, fetch) else { continue }
                found = find(candidates(library))
            }
            guard let found else { throw missing("\(library), which \(name) needs") }
            try await add(found, as: Self.place(of: library), from: owner, fetch)
        }
    }

    /// Whether there is such a package.
    private mutating func take(_ package: String, _ fetch: Fetch) async throws -> Bool {
        guard KernelStore.isPlain(package), let (entry, sha256) = try await fetch(package, packages.count) else {
            return false
        }
        packages.append(GuestToolset.Package(name: package, version: entry.version, sha256: sha256))
        dependencies[package] = entry.dependencies
        return true
    }

    private mutating func add(_ bytes: [UInt8], as name: String) throws(KernelStoreError) {
        files.append(GuestToolset.File(name: name, blob: try blobs.add(bytes)))
    }

    private func needs(of bytes: [UInt8], _ name: String) throws(KernelStoreError) -> [String] {
        do {
            return try SharedLibraries.needed(by: bytes, architecture)
        } catch {
            throw .refused(what: name, reason: "\(error)")
        }
    }

    /// The loader looks in `/lib`, as it does without a cache (ld.so(8)).
    private static func place(of library: String) -> String { "lib/\(library)" }

    private func candidates(_ library: String) -> [String] {
        ["usr/lib/\(architecture.multiarchTuple)", "lib/\(architecture.multiarchTuple)", "usr/lib", "lib"]
            .map { "\($0)/\(library)" }
    }

    /// The first that is there and, wherever its links lead, inside of what was unpacked.
    private func find(_ names: [String]) -> FilePath? {
        let inside = URL(filePath: top.string).resolvingSymlinksInPath().path(percentEncoded: false)
        return names.lazy.map { top.appending($0) }.first { path in
            let target = URL(filePath: path.string).resolvingSymlinksInPath().path(percentEncoded: false)
            var isFolder: ObjCBool = false
            return target.hasPrefix(inside.hasSuffix("/") ? inside : inside + "/")
                && FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) && !isFolder.boolValue
        }
    }

    private func missing(_ what: String) -> KernelStoreError {
        .notOffered(spec: what, by: "Debian for \(architecture.rawValue)", offered: packages.map(\.name))
    }
}
