// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage

extension VmlinuxHeader {
    private static let limit = Duration.seconds(60)
    private static let name = "vmlinux.h"

    /// A header that lies beside a source already, for instance by `make -C src/bpf vmlinux.h`.
    public static func beside(_ source: FilePath) -> VmlinuxHeader? {
        let parent = source.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        let path = folder.appending(name)
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        return VmlinuxHeader(folder: folder, origin: path.string)
    }

    /// Has bpftool write the types of a kernel as C, unless it has done so before.
    ///
    /// - Parameters:
    ///   - typeInformation: the kernel's BTF, as it is in its `.BTF` section.
    ///   - cache: a folder for headers.
    public static func generate(
        from typeInformation: FilePath,
        origin: String,
        bpftool: (path: FilePath, version: String),
        cache: FilePath
    ) async throws -> VmlinuxHeader {
        guard let digest = ObjectCache.digest(typeInformation) else {
            throw CompileError.storage(path: typeInformation.string, reason: "it can't be read")
        }
        let key = ContentDigest(of: Data("\(digest) \(bpftool.version)".utf8)).hexadecimal
        let folder = cache.appending("vmlinux-\(key.prefix(16))")
        let header = folder.appending(name)
        let known = VmlinuxHeader(folder: folder, origin: origin)
        guard !FileManager.default.fileExists(atPath: header.string) else { return known }
        let command = Command(bpftool.path.string, ["btf", "dump", "file", typeInformation.string, "format", "c"])
        let result = try await command.run(within: limit)
        guard result.ending.isSuccess, !result.output.isEmpty else {
            throw CompileError.toolFailed(what: "write vmlinux.h for \(origin)", reason: result.errorText)
        }
        do {
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try Data(result.output).write(to: URL(filePath: header.string), options: .atomic)
        } catch {
            throw CompileError.storage(path: header.string, reason: error.localizedDescription)
        }
        return known
    }
}
