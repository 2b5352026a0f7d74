// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// A lock between processes, on a file of the store. The kernel releases it when its holder dies, however it dies.
struct StoreLock: Sendable {
    private let descriptor: FileDescriptor

    /// How often a lock that somebody else holds is asked for again.
    private static let interval = Duration.milliseconds(100)

    /// Runs `body` while nobody else holds the lock at `path`; waits for it without a limit of its own, since its holder
    /// has one, and until it is cancelled.
    static func with<Result: Sendable>(_ path: FilePath, _ body: () async throws -> Result) async throws -> Result {
        let lock = try await acquire(path)
        defer { try? lock.descriptor.close() }
        return try await body()
    }

    private static func acquire(_ path: FilePath) async throws -> StoreLock {
        let descriptor: FileDescriptor
        do {
            descriptor = try .open(path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw KernelStoreError.storage(path: path.string, reason: "\(error)")
        }
        // Asked again and again rather than waited for: a wait in the kernel would hold a thread and not be cancelled.
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            do {
                guard errno == EWOULDBLOCK || errno == EINTR else {
                    throw KernelStoreError.storage(path: path.string, reason: String(cString: strerror(errno)))
                }
                try await Task.sleep(for: interval)
            } catch {
                try? descriptor.close()
                throw error
            }
        }
        return StoreLock(descriptor: descriptor)
    }
}
