// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelProfile
import SystemPackage

/// A module of a kernel, as guests load it.
public struct ModuleFile: Sendable, Hashable {
    /// `nf_conntrack`
    public let name: String
    /// The file, decompressed.
    public let bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

extension KernelStore {
    private static let moduleLimit = Duration.seconds(120)

    /// What the kernel's modules have for BPF.
    ///
    /// - Returns: nil where the kernel came without modules, or in a record from before they were kept.
    /// - Throws: `KernelStoreError` where what was kept can't be read.
    public func moduleIndex(of kernel: Kernel) async throws -> ModuleIndex? {
        guard let set = kernel.allModules, set.isCurrent, let blob = set.index else { return nil }
        let path = try soundPath(of: blob, for: kernel)
        let result = try await Self.tool("zstd", ["-dc", path.string], limit: FileLimit.moduleIndex)
        do throws(KernelProfile.Refusal) {
            return try ModuleIndex(result.output)
        } catch {
            throw KernelStoreError.damaged(path: path.string, reason: "\(error)")
        }
    }

    /// These modules of the kernel, in this order; none of a kernel that came without modules.
    ///
    /// - Throws: `KernelStoreError` where it does not have one of them.
    public func modules(_ names: [String], of kernel: Kernel) async throws -> [ModuleFile] {
        guard !names.isEmpty, let archive = kernel.allModules?.archive else { return [] }
        let path = try soundPath(of: archive, for: kernel)
        return try await scratch.with { folder in
            try await Self.unpackModules(path, into: folder, only: names)
            return try names.map { name in
                let bytes = try BlobStore.read(folder.appending("\(name).ko"), limit: FileLimit.module)
                return ModuleFile(name: name, bytes: bytes)
            }
        }
    }

    /// All modules of the archive as files, or some of them.
    static func unpackModules(_ archive: FilePath, into folder: FilePath, only names: [String]? = nil) async throws {
        let members = names.map { $0.map { "./\($0).ko" } } ?? []
        // An archive has its own folder in it, and with it a mode that may keep everybody but root out of `folder`.
        let form = ["--use-compress-program=zstd", "--no-same-owner", "--no-same-permissions", "--no-overwrite-dir"]
        let arguments = ["--extract", "--file", absolute(archive).string, "-C", folder.string] + form
        _ = try await tool("tar", arguments + ["--"] + members, limit: 1 << 20, fileLimit: FileLimit.module)
    }

    /// Every record's.
    var moduleSets: [ModuleSet] { (try? kernels())?.compactMap(\.allModules) ?? [] }

    private func soundPath(of blob: Blob, for kernel: Kernel) throws(KernelStoreError) -> FilePath {
        let path = blobs.path(of: blob)
        guard blobs.isSound(blob) else {
            throw .damaged(
                path: path.string,
                reason: "it is not what was kept of \(kernel.name); remove that kernel, and it is fetched again"
            )
        }
        return path
    }

    private static func tool(
        _ name: String,
        _ arguments: [String],
        limit: Int,
        fileLimit: Int? = nil
    ) async throws -> CommandResult {
        do {
            var command = Command(name, arguments)
            // prlimit becomes the tool, which is killed where a file gets larger.
            if let fileLimit { command = try command.behind("prlimit", ["--fsize=\(fileLimit)"]) }
            let result = try await command.run(within: moduleLimit, outputLimit: limit)
            guard result.ending.isSuccess else { throw KernelStoreError.toolFailed("\(name): \(result.errorText)") }
            return result
        } catch let error as CommandError {
            throw KernelStoreError.toolFailed("\(error)")
        }
    }
}
