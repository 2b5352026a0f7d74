// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import ScratchFolder
import SystemPackage

/// Files known by their digest. A blob is there whole or not at all: it is written beside its place, brought to the
/// disk, and then renamed.
struct BlobStore: Sendable {
    let folder: FilePath
    /// Where a blob is written before it has its name.
    let scratch: ScratchFolders
    /// What this process has taken hold of; nil where nothing is ever removed under its hands.
    var hold: KernelHold? = nil

    /// Where a blob's bytes can be read.
    func path(of blob: Blob) -> FilePath { hold?.path(of: place(of: blob)) ?? place(of: blob) }

    /// Where a blob belongs.
    func place(of blob: Blob) -> FilePath { folder.appending(blob.sha256) }

    func contains(_ blob: Blob) -> Bool { FileManager.default.fileExists(atPath: place(of: blob).string) }

    /// Whether both files of the set are here.
    func has(_ modules: ModuleSet) -> Bool {
        [modules.archive, modules.index].allSatisfy { blob in blob.map(contains) ?? false }
    }

    func add(_ bytes: [UInt8]) throws(KernelStoreError) -> Blob {
        let blob = Blob(sha256: ContentDigest(of: bytes).hexadecimal, size: bytes.count)
        guard !contains(blob) else { return blob }
        do {
            try scratch.with { folder in
                let temporary = folder.appending(blob.sha256)
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
                guard rename(temporary.string, place(of: blob).string) == 0 else { throw Errno(rawValue: errno) }
            }
        } catch {
            throw .storage(path: place(of: blob).string, reason: "\(error)")
        }
        return blob
    }

    /// - Parameter limit: most bytes that the file may have.
    func add(contentsOf path: FilePath, limit: Int) throws(KernelStoreError) -> Blob {
        try add(try Self.read(path, limit: limit))
    }

    /// Whether the blob's bytes are the ones that it is named by.
    func isSound(_ blob: Blob) -> Bool { ContentDigest(ofFile: path(of: blob))?.hexadecimal == blob.sha256 }

    /// Adds what must be right even where a file of that name has been damaged.
    func replace(_ bytes: [UInt8]) throws(KernelStoreError) -> Blob {
        let blob = Blob(sha256: ContentDigest(of: bytes).hexadecimal, size: bytes.count)
        if ContentDigest(ofFile: place(of: blob))?.hexadecimal != blob.sha256 { unlink(place(of: blob).string) }
        return try add(bytes)
    }

    /// Removes all blobs but these.
    func keepOnly(_ needed: Set<Blob>) {
        let digests = Set(needed.map(\.sha256))
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
        where !digests.contains(name) {
            unlink(folder.appending(name).string)
        }
    }

    /// - Parameters:
    ///   - limit: a file with more bytes is refused, and not read.
    ///   - name: what the file is called in that refusal, where it is not by its path.
    static func read(
        _ path: FilePath,
        limit: Int = FileLimit.image,
        calledAs name: FilePath? = nil
    ) throws(KernelStoreError) -> [UInt8] {
        var status = stat()
        if stat(path.string, &status) == 0, status.st_size > limit {
            throw .refused(what: (name ?? path).string, reason: "it has \(status.st_size) bytes, and may have \(limit)")
        }
        do {
            return Array(try Data(contentsOf: URL(filePath: path.string), options: .mappedIfSafe))
        } catch {
            throw .storage(path: path.string, reason: "cannot be read: \(error.localizedDescription)")
        }
    }
}
