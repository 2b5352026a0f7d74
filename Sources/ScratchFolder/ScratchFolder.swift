// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Why there is no private folder to work in.
public struct ScratchFolderError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "cannot make a private folder at \(path): \(reason)" }
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
        let (folder, lock) = try make()
        defer { remove(folder, lock) }
        return try await body(folder)
    }

    /// A private folder for the length of `body`.
    public func with<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
        let (folder, lock) = try make()
        defer { remove(folder, lock) }
        return try body(folder)
    }

    /// Removes what processes that are gone have left behind.
    public func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? [] {
            guard name.hasPrefix(prefix), Self.isOurs(name.dropFirst(prefix.count)) else { continue }
            let folder = parent.appending(name)
            // Another user's can't be opened, and is theirs to remove.
            guard let lock = try? Self.lock(folder) else { continue }
            remove(folder, lock)
        }
    }

    private static func isOurs(_ rest: Substring) -> Bool {
        rest.count == nameLength && rest.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) }
    }

    private func remove(_ folder: FilePath, _ lock: FileDescriptor) {
        removal(folder)
        try? lock.close()
    }

    private func make() throws(ScratchFolderError) -> (folder: FilePath, lock: FileDescriptor) {
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
                    if FileManager.default.fileExists(atPath: folder.string) { return (folder, lock) }
                    try? lock.close()
                }
            } catch Errno.noSuchFileOrDirectory {
            } catch {
                throw ScratchFolderError(path: folder.string, reason: "\(error)")
            }
            // Somebody swept it away before it was locked.
        }
    }

    /// nil where somebody else has it.
    private static func lock(_ folder: FilePath) throws -> FileDescriptor? {
        let descriptor = try FileDescriptor.open(folder, .readOnly, options: [.closeOnExec, .noFollow])
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            try? descriptor.close()
            guard error == EWOULDBLOCK else { throw Errno(rawValue: error) }
            return nil
        }
        return descriptor
    }
}
