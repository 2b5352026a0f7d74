// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Why there is no private folder to work in.
public struct ScratchFolderError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "cannot make a private folder at \(path): \(reason)" }
}

/// A private folder, locked by this process.
public struct ScratchFolder: Sendable {
    public let path: FilePath
    fileprivate let lock: FileDescriptor
}

/// Where unfinished things lie: private folders, each gone when its purpose is.
///
/// Each is locked by who uses it (flock(2)), which ends with the process, however it ends: what a killed one has left
/// behind can be told from what is in use, also where processes do not see each other, as in containers.
public struct ScratchFolders: Sendable {
    private let parent: FilePath
    private let prefix: String
    private let removal: @Sendable (FilePath) -> Void

    /// How long a folder's name is behind the prefix: a 64-bit number in base 36.
    public static let nameLength = 13

    /// - Parameters:
    ///   - prefix: tells these folders from whatever else is in `parent`.
    ///   - removal: how a folder goes; what is in some is not this user's to remove without ado.
    public init(
        in parent: FilePath,
        prefix: String,
        removal: @escaping @Sendable (FilePath) -> Void = { try? FileManager.default.removeItem(atPath: $0.string) }
    ) {
        self.parent = parent
        self.prefix = prefix
        self.removal = removal
    }

    /// A private folder for the length of `body`.
    public func with<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        let folder = try make()
        defer { remove(folder) }
        return try await body(folder.path)
    }

    /// A private folder for the length of `body`.
    public func with<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
        let folder = try make()
        defer { remove(folder) }
        return try body(folder.path)
    }

    /// Removes what this user's processes that are gone have left behind.
    public func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? [] {
            guard name.hasPrefix(prefix), Self.isOurs(name.dropFirst(prefix.count)) else { continue }
            let folder = parent.appending(name)
            // What another user has left is theirs to remove; root could do it.
            guard let lock = try? Self.lock(folder, ownedBy: geteuid()) else { continue }
            remove(ScratchFolder(path: folder, lock: lock))
        }
    }

    private static func isOurs(_ rest: Substring) -> Bool {
        rest.count == nameLength && rest.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) }
    }

    public func remove(_ folder: ScratchFolder) {
        removal(folder.path)
        try? folder.lock.close()
    }

    /// A private folder until it is removed, or this process ends.
    public func make() throws(ScratchFolderError) -> ScratchFolder {
        while true {
            // Short, since a socket's whole path has 108 bytes at most (unix(7)); mkdir fails where the name is taken.
            let number = String(UInt64.random(in: 0...UInt64.max), radix: 36)
            let name = prefix + String(repeating: "0", count: Self.nameLength - number.count) + number
            let folder = parent.appending(name)
            guard mkdir(folder.string, 0o700) == 0 else {
                throw ScratchFolderError(path: folder.string, reason: String(cString: strerror(errno)))
            }
            do {
                if let lock = try Self.lock(folder) {
                    if FileManager.default.fileExists(atPath: folder.string) {
                        return ScratchFolder(path: folder, lock: lock)
                    }
                    try? lock.close()
                }
            } catch Errno.noSuchFileOrDirectory {
            } catch {
                throw ScratchFolderError(path: folder.string, reason: "\(error)")
            }
            // Somebody swept it away before it was locked.
        }
    }

    /// nil where somebody else has it, or it is none of `user`'s.
    private static func lock(_ folder: FilePath, ownedBy user: uid_t? = nil) throws -> FileDescriptor? {
        // Where everybody may write, somebody may have put something else there: opening a FIFO would wait for a writer.
        let descriptor = try FileDescriptor.open(folder, .readOnly, options: [.closeOnExec, .noFollow, .directory])
        var status = stat()
        if let user, fstat(descriptor.rawValue, &status) != 0 || status.st_uid != user {
            try? descriptor.close()
            return nil
        }
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            try? descriptor.close()
            guard error == EWOULDBLOCK else { throw Errno(rawValue: error) }
            return nil
        }
        return descriptor
    }
}
