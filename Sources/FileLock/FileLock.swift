// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Why a lock can't be taken.
public struct FileLockError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "cannot lock \(path): \(reason)" }
}

/// A lock between processes, on a file. The kernel releases it when its holder dies, however it dies (flock(2)).
public struct FileLock: Sendable {
    private let descriptor: FileDescriptor

    /// How often a lock that somebody else holds is asked for again.
    private static let interval = Duration.milliseconds(100)

    /// Runs `body` while nobody else holds the lock at `path`.
    ///
    /// - Parameters:
    ///   - limit: how long it is waited for. Its holder has limits of its own, but may have been stopped.
    ///   - waiting: called if it must be waited for.
    /// - Throws: `FileLockError`, and what `body` throws.
    public static func with<Result: Sendable>(
        _ path: FilePath,
        within limit: Duration,
        waiting: () -> Void = {},
        _ body: () async throws -> Result
    ) async throws -> Result {
        let lock = try await acquire(path, within: limit, waiting)
        defer { try? lock.descriptor.close() }
        return try await body()
    }

    private static func acquire(
        _ path: FilePath,
        within limit: Duration,
        _ waiting: () -> Void
    ) async throws -> FileLock {
        let end = ContinuousClock.now + limit
        var hasWaited = false
        let descriptor: FileDescriptor
        do {
            descriptor = try .open(path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw FileLockError(path: path.string, reason: "\(error)")
        }
        // Asked again and again rather than waited for: a wait in the kernel would hold a thread and not be cancelled.
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            do {
                guard errno == EWOULDBLOCK || errno == EINTR else {
                    throw FileLockError(path: path.string, reason: String(cString: strerror(errno)))
                }
                guard ContinuousClock.now < end else {
                    throw FileLockError(path: path.string, reason: "another process has held it for \(limit)")
                }
                if !hasWaited { waiting() }
                hasWaited = true
                try await Task.sleep(for: interval)
            } catch {
                try? descriptor.close()
                throw error
            }
        }
        return FileLock(descriptor: descriptor)
    }
}
