// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Why a lock can't be taken.
public struct FileLockError: Error, Hashable, CustomStringConvertible {
    /// What the lock is for.
    public let purpose: String
    public let path: String
    public let reason: String

    public var description: String { "cannot lock \(purpose) (\(path)): \(reason)" }
}

/// A lock between processes, on a file. The kernel releases it when its holder dies, however it dies (flock(2)).
public struct FileLock: Sendable {
    private let descriptor: FileDescriptor

    /// How often a lock that somebody else holds is asked for again.
    private static let interval = Duration.milliseconds(100)

    @TaskLocal private static var listener: @Sendable (String) -> Void = { _ in }

    /// Runs `body`, and tells `listener` in a sentence, as soon as that shows, when a lock must be waited for in it or in tasks
    /// below it, and who holds the lock.
    public static func withListener<Result>(
        _ listener: @escaping @Sendable (String) -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await $listener.withValue(listener, operation: body)
    }

    /// Runs `body` while nobody else holds the lock at `path`.
    ///
    /// - Parameters:
    ///   - purpose: what the lock is for, as it is said of its holder: "the kernels of /store".
    ///   - limit: how long it is waited for. Its holder has limits of its own, but may have been stopped.
    ///   - waiting: called if it must be waited for, in the place of `listener`.
    /// - Throws: `FileLockError`, and what `body` throws.
    public static func with<Result: Sendable>(
        _ path: FilePath,
        for purpose: String,
        within limit: Duration,
        waiting: (() -> Void)? = nil,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let lock = try await acquire(path, purpose, within: limit) { descriptor in
            if let waiting { return waiting() }
            let holder = LockHolder(of: descriptor)
            // Of what another task of this process is at, its own events tell.
            if holder.process == Int(getpid()) { return }
            listener("waiting for \(holder), which has locked \(purpose)")
        }
        defer { lock.release() }
        return try await body()
    }

    /// A child that is just being started holds every descriptor of this process until its exec, and by it the lock: closing alone would
    /// leave the lock taken for that moment.
    private func release() {
        _ = flock(descriptor.rawValue, LOCK_UN)
        try? descriptor.close()
    }

    private static func acquire(
        _ path: FilePath,
        _ purpose: String,
        within limit: Duration,
        _ waiting: (FileDescriptor) -> Void
    ) async throws -> FileLock {
        let end = ContinuousClock.now + limit
        var hasWaited = false
        let descriptor: FileDescriptor
        do {
            descriptor = try .open(path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw FileLockError(purpose: purpose, path: path.string, reason: "\(error)")
        }
        // Asked again and again rather than waited for: a wait in the kernel would hold a thread and not be cancelled.
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            do {
                guard errno == EWOULDBLOCK || errno == EINTR else {
                    let reason = String(cString: strerror(errno))
                    throw FileLockError(purpose: purpose, path: path.string, reason: reason)
                }
                guard ContinuousClock.now < end else {
                    let holder = LockHolder(of: descriptor)
                    let reason = limit > .zero ? "\(holder) has held it for \(limit)" : "\(holder) has it"
                    throw FileLockError(purpose: purpose, path: path.string, reason: reason)
                }
                if !hasWaited { waiting(descriptor) }
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
