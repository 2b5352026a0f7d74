// SPDX-License-Identifier: Apache-2.0

import BTF
import ChildProcess
import ContentDigest
import Foundation
import SystemPackage

extension VmlinuxHeader {
    private static let limit = Duration.seconds(60)
    /// Changes when headers of an earlier form must be written again.
    private static let form = 3

    /// Has bpftool write the types of a kernel as C, and adds the prototypes of its kfuncs where bpftool is too old to; unless
    /// that has been done before.
    ///
    /// - Parameters:
    ///   - typeInformation: the kernel's BTF, as it is in its `.BTF` section.
    ///   - isChosen: the user has named the kernel.
    ///   - cache: a folder for headers.
    public static func generate(
        from typeInformation: FilePath,
        origin: String,
        isChosen: Bool = false,
        bpftool: (path: FilePath, version: String),
        cache: FilePath
    ) async throws -> VmlinuxHeader {
        guard let digest = ContentDigest(ofFile: typeInformation) else {
            throw CompileError.storage(path: typeInformation.string, reason: "it can't be read")
        }
        let key = ContentDigest(of: Data("\(digest) \(bpftool.version) \(form)".utf8)).hexadecimal
        let folder = cache.appending("vmlinux-\(key.prefix(16))")
        let header = folder.appending(name)
        let known = VmlinuxHeader(folder: folder, origin: origin, isGenerated: true, isChosen: isChosen)
        guard !FileManager.default.fileExists(atPath: header.string) else { return known }
        let command = Command(bpftool.path.string, ["btf", "dump", "file", typeInformation.string, "format", "c"])
        let result = try await command.run(within: limit)
        guard result.ending.isSuccess, !result.output.isEmpty else {
            throw CompileError.toolFailed(what: "write vmlinux.h for \(origin)", reason: result.errorText)
        }
        let text = try KfuncPrototypes.added(to: result.outputText) {
            do {
                return try BTFTypes(Array(try Data(contentsOf: URL(filePath: typeInformation.string))), indexed: false)
            } catch {
                throw CompileError.toolFailed(what: "read the types of \(origin)", reason: "\(error)")
            }
        }
        do {
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            if hasTaggedAnonymousMembers(text) {
                try Data().write(to: URL(filePath: folder.appending(extensionsMark).string))
            }
            // Last, since it says that all is there.
            try Data(text.utf8).write(to: URL(filePath: header.string), options: .atomic)
        } catch {
            throw CompileError.storage(path: header.string, reason: error.localizedDescription)
        }
        return known
    }

    static func hasTaggedAnonymousMembers(_ header: String) -> Bool {
        header.firstMatch(of: #/(?m)^\t+(?:struct|union) \w+;$/#) != nil
    }
}
