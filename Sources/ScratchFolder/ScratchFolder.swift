// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Why there is no private folder to work in.
public struct ScratchFolderError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "cannot make a private folder at \(path): \(reason)" }
}

/// Where unfinished things lie: private folders, each gone when its purpose is. Their names say which process made
/// them, so that what a killed one left behind can be told from what is in use.
public struct ScratchFolders: Sendable {
    private let parent: FilePath
    private let prefix: String

    /// - Parameter prefix: tells these folders from whatever else is in `parent`.
    public init(in parent: FilePath, prefix: String) {
        self.parent = parent
        self.prefix = prefix
    }

    /// A private folder for the length of `body`.
    public func with<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        let folder = try make()
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        return try await body(folder)
    }

    /// Removes what processes that are gone have left behind.
    public func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? [] {
            guard name.hasPrefix(prefix) else { continue }
            let number = name.dropFirst(prefix.count).prefix { $0.isNumber }
            guard let owner = pid_t(number), kill(owner, 0) != 0, errno == ESRCH else { continue }
            // Another user's can't be removed, and is theirs to remove.
            try? FileManager.default.removeItem(atPath: parent.appending(name).string)
        }
    }

    private func make() throws(ScratchFolderError) -> FilePath {
        // Short, since a socket's whole path has 108 bytes at most (unix(7)); mkdir fails where the name is taken.
        let name = "\(prefix)\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        let folder = parent.appending(name)
        guard mkdir(folder.string, 0o700) == 0 else {
            throw ScratchFolderError(path: folder.string, reason: String(cString: strerror(errno)))
        }
        return folder
    }
}
