// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// A `vmlinux.h` to compile with.
public struct VmlinuxHeader: Sendable, Hashable {
    /// The folder to search for it.
    public let folder: FilePath
    /// Where it came from, in words: `6.12.117`, or a path.
    public let origin: String
    /// Written by this tool, with the kernel's kfuncs where `BPF_NO_KFUNC_PROTOTYPES` is not defined.
    let isGenerated: Bool
    /// The user has named it, or the kernel that it is from: it goes before one that lies beside a source.
    public let isChosen: Bool

    /// What a compiler must be told to understand it.
    var flags: [String] {
        isGenerated && FileManager.default.fileExists(atPath: folder.appending(Self.extensionsMark).string)
            ? ["-fms-extensions", "-Wno-microsoft-anon-tag"] : []
    }

    static let name = "vmlinux.h"
    /// A file beside one in which structs have members without a name and with a tag, `struct ns_tree;`, whose members count as
    /// their own: kernels have such since 6.19, and C takes them for nothing without Microsoft's extensions.
    static let extensionsMark = "needs-ms-extensions"

    /// A header that lies beside a source already, for instance by `make -C src/bpf vmlinux.h`.
    public static func beside(_ source: FilePath) -> VmlinuxHeader? {
        let parent = source.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        let path = folder.appending(name)
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        return VmlinuxHeader(folder: folder, origin: path.string, isGenerated: false, isChosen: false)
    }

    /// A header of the user's own.
    ///
    /// - Parameters:
    ///   - path: the header, under whatever name, or a folder with a `vmlinux.h`.
    ///   - cache: where one of another name gets a folder in which it is called `vmlinux.h`.
    public static func chosen(_ path: FilePath, cache: FilePath) throws -> VmlinuxHeader {
        var isFolder: ObjCBool = false
        let files = FileManager.default
        guard files.fileExists(atPath: path.string, isDirectory: &isFolder) else {
            throw CompileError.noHeader(path: path.string)
        }
        if isFolder.boolValue {
            let header = path.appending(name)
            guard FileStamp.isFile(header) else { throw CompileError.noHeader(path: path.string) }
            return VmlinuxHeader(folder: path, origin: header.string, isGenerated: false, isChosen: true)
        }
        if path.lastComponent?.string == name {
            let parent = path.removingLastComponent()
            let folder = parent.isEmpty ? FilePath(".") : parent
            return VmlinuxHeader(folder: folder, origin: path.string, isGenerated: false, isChosen: true)
        }
        let target = URL(filePath: path.string).absoluteURL.path
        let folder = cache.appending("vmlinux-\(ContentDigest(of: Data(target.utf8)).hexadecimal.prefix(16))")
        let link = folder.appending(name)
        do {
            try files.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            if (try? files.destinationOfSymbolicLink(atPath: link.string)) != target {
                try? files.removeItem(atPath: link.string)
                try files.createSymbolicLink(atPath: link.string, withDestinationPath: target)
            }
        } catch {
            throw CompileError.storage(path: link.string, reason: error.localizedDescription)
        }
        return VmlinuxHeader(folder: folder, origin: path.string, isGenerated: false, isChosen: true)
    }

    /// Whether `input`, one of what a compiler has read, is this header.
    public func isRead(as input: FilePath) -> Bool {
        input.lexicallyNormalized() == folder.appending(Self.name).lexicallyNormalized()
    }

    /// Whether it declares a kfunc of that name.
    func declaresKfunc(_ name: String) -> Bool {
        guard let text = try? String(contentsOfFile: folder.appending(Self.name).string, encoding: .utf8),
            let start = text.range(of: KfuncPrototypes.opening, options: .backwards)
        else { return false }
        return KfuncPrototypes.names(in: text[start.upperBound...]).contains(name)
    }
}
