// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// The first file of a set of kernels on its way to another machine: a tar archive, compressed by zstd.
///
/// ```
/// kernels.json    this
/// blobs/          images, configurations and modules, each under its SHA-256; the rest is made from the image
/// ```
struct KernelSet: Codable {
    /// Changes whenever a reader of the old form would misread the new.
    static let format = 2
    static let manifestName = "kernels.json"
    static let blobFolder = "blobs"

    var format = Self.format
    let kernels: [Kernel]
}

extension Kernel {
    /// What can't be made from the image.
    var delivered: [Blob] {
        [image] + [config, isBTFExternal ? btf : nil, allModules?.archive].compactMap { $0 }
            + (modules + (imageModules ?? [])).map(\.blob)
    }
}

extension KernelStore {
    /// As tar takes it: to it a relative path with a colon is another machine's, and each `-C` is relative to the last one.
    static func absolute(_ path: FilePath) -> FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(path)
    }

    /// Tar and zstd over some hundred megabytes.
    static let transferLimit = Duration.seconds(1800)

    /// Writes kernels with all that they consist of into one file, for a machine that can't fetch them. The file is whole
    /// or not there.
    ///
    /// - Parameter names: names, releases, versions or lines of kernels in the store; empty for all of them.
    public func export(_ names: [String], to file: FilePath) async throws -> [Kernel] {
        let there = try kernels()
        var chosen: [Kernel] = []
        for name in names {
            guard let kernel = try kernel(for: KernelSpec(name)) else {
                throw KernelStoreError.notInStore(name: name, there: there.map(\.name))
            }
            if !chosen.contains(kernel) { chosen.append(kernel) }
        }
        let kernels = names.isEmpty ? there : chosen
        guard !kernels.isEmpty else { throw KernelStoreError.notInStore(name: "to export", there: []) }
        let target = Self.absolute(file)
        let top = Self.absolute(root)
        // Removals wait: a kernel must not lose its blobs while they are read.
        return try await whileUnchanged {
            try await scratch.with { folder in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                encoder.dateEncodingStrategy = .iso8601
                let manifest = folder.appending(KernelSet.manifestName)
                try encoder.encode(KernelSet(kernels: kernels)).write(to: URL(filePath: manifest.string))
                let blobs = Set(kernels.flatMap(\.delivered)).map { "\(KernelSet.blobFolder)/\($0.sha256)" }.sorted()
                // Beside its place, so that it can be renamed into it.
                let partial = FilePath("\(target).partial")
                defer { unlink(partial.string) }
                let content = ["-C", Self.absolute(folder).string, KernelSet.manifestName, "-C", top.string] + blobs
                let form = ["--owner=0", "--group=0", "--mode=u=rw,go=r", "--sort=name", "--use-compress-program=zstd"]
                let arguments = ["--create", "--file", partial.string] + form + content
                let result = try await Command("tar", arguments).run(within: Self.transferLimit)
                guard result.ending.isSuccess else {
                    throw KernelStoreError.toolFailed("cannot write \(file): \(result.errorText)")
                }
                guard rename(partial.string, target.string) == 0 else {
                    throw KernelStoreError.storage(path: file.string, reason: String(cString: strerror(errno)))
                }
                return kernels
            }
        }
    }
}
