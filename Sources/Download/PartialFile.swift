// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// What has come of a file so far, and the digest of it.
struct PartialFile {
    private let path: FilePath
    private let file: FileDescriptor
    private(set) var size = 0
    private(set) var digest = RunningDigest()

    private static let chunk = 1 << 20

    /// Opens what an earlier try has left, or begins.
    init(at path: FilePath) throws(DownloadError) {
        self.path = path
        do {
            file = try .open(path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw .storage(path: path.string, reason: "\(error)")
        }
        do {
            try readBack()
        } catch {
            try? file.close()
            throw .storage(path: path.string, reason: "\(error)")
        }
    }

    private mutating func readBack() throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            guard count > 0 else { return }
            digest.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += count
        }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(DownloadError) {
        do {
            try file.writeAll(bytes)
        } catch {
            throw .storage(path: path.string, reason: "\(error)")
        }
        digest.add(bytes)
        size += bytes.count
    }

    mutating func beginAnew() throws(DownloadError) {
        do {
            try file.resize(to: 0)
            try file.seek(offset: 0, from: .start)
        } catch {
            throw .storage(path: path.string, reason: "\(error)")
        }
        digest = RunningDigest()
        size = 0
    }

    func remove() { unlink(path.string) }

    func close() { try? file.close() }
}
