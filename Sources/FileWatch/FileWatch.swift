// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import SystemPackage

/// Why files can't be watched.
public struct FileWatchError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "cannot watch \(path): \(reason)" }
}

/// What happened to a file in a folder that is watched.
public enum FileChange: Sendable, Hashable {
    /// A file was written and closed, renamed into its place or out of it, or removed; or a folder was, or was made. A
    /// folder that is watched itself counts as a file of that path.
    case changed(FilePath)
    /// The kernel lost count: anything may have changed.
    case overflow
}

/// Files in folders, as inotify(7) tells of them. Folders are watched rather than files, since editors write a new file and
/// rename it into the old one's place.
public actor FileWatch {
    private let descriptor: FileDescriptor
    /// By the kernel's numbers; the paths are several where links lead to the same folder.
    private var folders: [Int32: Set<FilePath>] = [:]

    /// Of whom the kernel told, in its numbers: `changes(_:)` says what that means.
    public nonisolated let events: AsyncStream<InotifyEvent>

    private static let interesting =
        IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF

    /// Runs `body` with a watch that ends with it.
    public static func with<Result: Sendable>(
        _ body: (FileWatch) async throws -> Result
    ) async throws -> Result {
        let raw = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard raw >= 0 else {
            throw FileWatchError(path: "files", reason: "inotify: \(String(cString: strerror(errno)))")
        }
        let descriptor = FileDescriptor(rawValue: raw)
        let (events, continuation) = AsyncStream.makeStream(of: InotifyEvent.self)
        let source = DispatchSource.makeReadSource(fileDescriptor: raw, queue: .global())
        source.setEventHandler {
            for event in Self.read(descriptor) { continuation.yield(event) }
        }
        // Closed only once nobody reads from it any more.
        source.setCancelHandler { try? descriptor.close() }
        source.resume()
        defer {
            continuation.finish()
            source.cancel()
        }
        return try await body(FileWatch(descriptor, events))
    }

    private init(_ descriptor: FileDescriptor, _ events: AsyncStream<InotifyEvent>) {
        self.descriptor = descriptor
        self.events = events
    }

    /// Watches a folder from now on. To watch one twice changes nothing, and one that was removed and made again is
    /// watched again.
    public func watch(_ folder: FilePath) throws(FileWatchError) {
        let number = inotify_add_watch(
            descriptor.rawValue,
            folder.string,
            UInt32(Self.interesting) | UInt32(IN_ONLYDIR)
        )
        guard number >= 0 else {
            let reason =
                errno == ENOSPC
                ? "too many folders are watched (fs.inotify.max_user_watches)" : String(cString: strerror(errno))
            throw FileWatchError(path: folder.string, reason: reason)
        }
        folders[number, default: []].insert(folder)
    }

    /// What an event means; nothing where it is about a folder that is not watched any more.
    public func changes(_ event: InotifyEvent) -> [FileChange] {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return [.overflow] }
        let paths = folders[event.watch, default: []].map { event.name.isEmpty ? $0 : $0.appending(event.name) }
        // A folder that has gone elsewhere is not the one that was meant, whatever happens in it.
        if event.mask & UInt32(IN_MOVE_SELF) != 0 { inotify_rm_watch(descriptor.rawValue, event.watch) }
        // The kernel has taken the watch off, and may give its number to another.
        if event.mask & UInt32(IN_IGNORED) != 0 { folders[event.watch] = nil }
        return paths.filter { event.mask & UInt32(IN_CREATE) == 0 || Self.isWhole($0, event) }.map { .changed($0) }
    }

    /// A folder or a link is there as soon as it is made, a file once it is closed, which is told then.
    private static func isWhole(_ path: FilePath, _ event: InotifyEvent) -> Bool {
        if event.mask & UInt32(IN_ISDIR) != 0 { return true }
        var status = stat()
        guard lstat(path.string, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFLNK || status.st_nlink > 1
    }

    /// Room for hundreds of events: names are short.
    private static let bufferSize = 64 << 10

    private static func read(_ descriptor: FileDescriptor) -> [InotifyEvent] {
        let bytes = [UInt8](unsafeUninitializedCapacity: bufferSize) { buffer, count in
            count = (try? descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
        return InotifyEvent.events(in: bytes)
    }
}
