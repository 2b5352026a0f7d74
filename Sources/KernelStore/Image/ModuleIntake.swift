// SPDX-License-Identifier: Apache-2.0

import BTF
import ChildProcess
import ContentDigest
import Foundation
import KernelProfile
import SystemPackage

/// Takes in a kernel's modules: the few that every guest needs apart, all of them as one archive, and what they have for BPF as an
/// index.
struct ModuleIntake {
    let blobs: BlobStore
    /// For intermediate files.
    let folder: FilePath
    /// The kernel's own types, which its modules' go on from; nil where it has none.
    let types: Blob?

    /// What the guest talks through; the modules below them follow from what they say of themselves.
    private static let neededModules = ["virtio_pci", "virtio_console"]
    /// What a disk, its file system, and a folder of the host's take, the latter by whichever of two ways the kernel has.
    private static let imageModules = ["virtio_blk", "ext4", "overlay", "virtiofs", "9pnet_virtio", "9p"]
    /// Files that are unpacked by one process.
    private static let batch = 128
    private static let decompressionLimit = Duration.seconds(120)
    private static let packLimit = Duration.seconds(300)

    struct Modules {
        var toReachTheHost: [KernelModule] = []
        var forImages: [KernelModule] = []
        var all = ModuleSet.none
    }

    /// - Parameter known: sets that the store has: one of the very same files is not made again.
    func take(below source: FilePath?, known: [ModuleSet] = []) async throws -> Modules {
        guard let source else { return Modules() }
        let files = ModuleFiles(below: source)
        let work = folder.appending("unpacked")
        try makeFolder(work)
        var modules = Modules()
        let few = try await unpackNeeded(Self.neededModules + Self.imageModules, of: files, in: work)
        let needed = try order(Self.neededModules, in: few)
        modules.toReachTheHost = try add(needed, of: few)
        let forImages = try order(Self.neededModules + Self.imageModules, in: few).filter { !needed.contains($0) }
        modules.forImages = try add(forImages, of: few)
        let stamp = files.stamp(with: types)
        if let same = known.first(where: { $0.isCurrent && $0.stamp == stamp && blobs.has($0) }) {
            modules.all = same
        } else {
            modules.all = try await all(try await unpack(files.paths, in: work, isNeeded: false), stamp: stamp)
        }
        return modules
    }

    /// These modules and those below them, as they turn out to be needed.
    private func unpackNeeded(
        _ wanted: [String],
        of files: ModuleFiles,
        in work: FilePath
    ) async throws -> [String: FilePath] {
        var unpacked: [String: FilePath] = [:]
        var wanted = wanted
        while let name = wanted.popLast() {
            guard unpacked[name] == nil, let path = files.paths[name] else { continue }
            try Task.checkCancellation()
            unpacked.merge(try await unpack([name: path], in: work, isNeeded: true)) { $1 }
            if let file = unpacked[name] { wanted += try dependencies(of: file) }
        }
        return unpacked
    }

    private func dependencies(of file: FilePath) throws -> [String] {
        ModuleExports.dependencies(of: try BlobStore.read(file, limit: FileLimit.module)) ?? []
    }

    private func order(_ wanted: [String], in files: [String: FilePath]) throws -> [String] {
        try ModuleOrder.order(of: wanted) { name in try files[name].map(dependencies) }
    }

    private func add(_ names: [String], of files: [String: FilePath]) throws -> [KernelModule] {
        try names.compactMap { name in
            guard let file = files[name] else { return nil }
            return KernelModule(name: "\(name).ko", blob: try blobs.add(contentsOf: file, limit: FileLimit.module))
        }
    }

    /// Only regular modules are in the archive; with more bytes than a kernel's modules have there is none.
    private func all(_ files: [String: FilePath], stamp: String) async throws -> ModuleSet {
        let kernel = types.flatMap { try? BTFTypes(try BlobStore.read(blobs.path(of: $0))) }
        let staged = folder.appending("staged")
        try makeFolder(staged)
        var exports: [ModuleExports] = []
        var total = 0
        var digests = ""
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            try Task.checkCancellation()
            guard let bytes = try? BlobStore.read(file, limit: FileLimit.module),
                let export = try? ModuleExports(bytes, named: name, kernel: kernel)
            else { continue }
            total += bytes.count
            guard total <= FileLimit.modules else { return .none }
            exports.append(export)
            digests += "\(ContentDigest(of: bytes).hexadecimal)  \(name).ko\n"
            try Data(bytes).write(to: URL(filePath: staged.appending("\(name).ko").string))
        }
        guard !exports.isEmpty else { return .none }
        let index = try ModuleIndex(exports, kernel: kernel).encoded()
        return ModuleSet(
            form: ModuleIndex.form,
            stamp: stamp,
            contents: ContentDigest(of: Data(digests.utf8)).hexadecimal,
            archive: try await archive(staged),
            index: try await compressed(index)
        )
    }

    /// The same bytes from the same modules, wherever and whenever.
    private func archive(_ staged: FilePath) async throws -> Blob {
        let packed = folder.appending("modules.tar.zst")
        let form = ["--format=ustar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--mode=u=rwX,go="]
        let compressor = "--use-compress-program=zstd -q -3 -T1"
        try await run("tar", ["--create", "--file", packed.string] + form + [compressor, "-C", staged.string, "."])
        return try blobs.add(contentsOf: packed, limit: FileLimit.image)
    }

    private func compressed(_ bytes: [UInt8]) async throws -> Blob {
        let plain = folder.appending("index")
        let packed = folder.appending("index.zst")
        try Data(bytes).write(to: URL(filePath: plain.string))
        try await run("zstd", ["-q", "-9", plain.string, "-o", packed.string])
        return try blobs.add(contentsOf: packed, limit: FileLimit.image)
    }

    private func run(_ tool: String, _ arguments: [String]) async throws {
        do {
            let result = try await Command(tool, arguments).run(within: Self.packLimit)
            guard result.ending.isSuccess else { throw KernelStoreError.toolFailed(result.errorText) }
        } catch let error as CommandError {
            throw KernelStoreError.toolFailed("\(error)")
        }
    }

    // MARK: Files

    /// The modules, decompressed.
    ///
    /// - Parameter isNeeded: one that can't be unpacked is an error; else it is missing.
    private func unpack(
        _ files: [String: FilePath],
        in work: FilePath,
        isNeeded: Bool
    ) async throws -> [String: FilePath] {
        var plain: [String: FilePath] = [:]
        var packed: [Compression: [(name: String, path: FilePath)]] = [:]
        for (name, path) in files.sorted(by: { $0.key < $1.key }) {
            if path.extension == "ko" {
                plain[name] = path
            } else if let compression = Self.compression(of: path) {
                packed[compression, default: []].append((name, path))
            } else if isNeeded {
                throw KernelStoreError.damaged(path: path.string, reason: "it is compressed in an unknown way")
            }
        }
        var total = 0
        for (compression, modules) in packed {
            for start in stride(from: 0, to: modules.count, by: Self.batch) {
                let batch = modules[start..<min(start + Self.batch, modules.count)]
                let reason = try await unpack(batch, compression, in: work)
                // One that is too large or damaged may have ended the tool before it came to the others.
                if reason != nil, !isNeeded { try await unpackRest(of: batch, compression, in: work) }
                for module in batch {
                    let path = work.appending("\(module.name).ko")
                    let size = Self.size(of: path)
                    if (1...FileLimit.module).contains(size) {
                        plain[module.name] = path
                        total += size
                    }
                    if isNeeded, size > FileLimit.module {
                        throw KernelStoreError.refused(
                            what: module.path.string,
                            reason: "unpacked it has more than \(FileLimit.module) bytes"
                        )
                    }
                    if isNeeded, size == 0 || reason != nil {
                        throw KernelStoreError.damaged(path: module.path.string, reason: reason ?? "it is empty")
                    }
                }
                guard total <= FileLimit.modules else {
                    if isNeeded {
                        throw KernelStoreError.refused(
                            what: "modules",
                            reason: "unpacked they have more than \(FileLimit.modules) bytes"
                        )
                    }
                    return [:]
                }
            }
        }
        return plain
    }

    /// Those that are not there yet, each by itself.
    private func unpackRest(
        of modules: ArraySlice<(name: String, path: FilePath)>,
        _ compression: Compression,
        in work: FilePath
    ) async throws {
        for index in modules.indices {
            let path = work.appending("\(modules[index].name).ko")
            guard Self.size(of: path) == 0 else { continue }
            try Task.checkCancellation()
            if try await unpack(modules[index...index], compression, in: work) != nil { unlink(path.string) }
        }
    }

    /// - Returns: what the tool complained of; nil where all is well.
    private func unpack(
        _ modules: ArraySlice<(name: String, path: FilePath)>,
        _ compression: Compression,
        in work: FilePath
    ) async throws -> String? {
        let links = modules.map { work.appending("\($0.name).ko.\(compression.suffix)") }
        for (link, module) in zip(links, modules) {
            unlink(link.string)
            try FileManager.default.createSymbolicLink(
                atPath: link.string,
                withDestinationPath: KernelStore.absolute(module.path).string
            )
        }
        do {
            // prlimit becomes the tool, which is killed where it writes more. One byte more shows that there is more.
            let result = try await Command(compression.tool.name, ["-d", "-q", "-k", "-f"] + links.map(\.string))
                .behind("prlimit", ["--fsize=\(FileLimit.module + 1)"])
                .run(within: Self.decompressionLimit)
            guard !result.ending.isSuccess else { return nil }
            return result.errorText.isEmpty ? "\(result.ending)" : result.errorText
        } catch let error as CommandError {
            throw KernelStoreError.toolFailed("\(error)")
        }
    }

    private func makeFolder(_ path: FilePath) throws {
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    private static func compression(of path: FilePath) -> Compression? {
        guard let file = FileHandle(forReadingAtPath: path.string) else { return nil }
        defer { try? file.close() }
        return (try? file.read(upToCount: 8)).flatMap { Compression(Array($0)[...]) }
    }

    private static func size(of path: FilePath) -> Int {
        var status = stat()
        return stat(path.string, &status) == 0 ? Int(status.st_size) : 0
    }
}
