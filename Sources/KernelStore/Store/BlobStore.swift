// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// Files known by their digest. A blob is there whole or not at all: it is written beside its place, brought to the
/// disk, and then renamed.
struct BlobStore: Sendable {
    let folder: FilePath
    /// Where a blob is written, under a name that begins with its writer's process: see `ScratchFolders`.
    let scratch: FilePath

    func path(of blob: Blob) -> FilePath { folder.appending(blob.sha256) }

    func contains(_ blob: Blob) -> Bool { FileManager.default.fileExists(atPath: path(of: blob).string) }

    func add(_ bytes: [UInt8]) throws(KernelStoreError) -> Blob {
        let blob = Blob(sha256: ContentDigest(of: bytes).hexadecimal, size: bytes.count)
        guard !contains(blob) else { return blob }
        let temporary = scratch.appending("\(getpid())-\(UUID().uuidString)")
        do {
            let file = try FileDescriptor.open(
                temporary,
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerRead]
            )
            try file.closeAfter {
                try file.writeAll(bytes)
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard rename(temporary.string, path(of: blob).string) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(temporary.string)
            throw .storage(path: temporary.string, reason: "\(error)")
        }
        return blob
    }

    func add(contentsOf path: FilePath) throws(KernelStoreError) -> Blob {
        try add(try Self.read(path))
    }

    func remove(_ blob: Blob) {
        unlink(path(of: blob).string)
    }

    static func read(_ path: FilePath) throws(KernelStoreError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: path.string), options: .mappedIfSafe))
        } catch {
            throw .storage(path: path.string, reason: "cannot be read: \(error.localizedDescription)")
        }
    }
}
