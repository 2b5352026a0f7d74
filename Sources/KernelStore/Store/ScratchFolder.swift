// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Where unfinished things lie: a folder for each process and purpose, gone when its purpose is.
struct ScratchFolder: Sendable {
    let path: FilePath

    /// A private folder for the length of `body`.
    func with<Result>(_ purpose: String, _ body: (FilePath) async throws -> Result) async throws -> Result {
        let folder = path.appending("\(getpid())-\(purpose)-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(
                atPath: folder.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw KernelStoreError.storage(path: folder.string, reason: error.localizedDescription)
        }
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        return try await body(folder)
    }

    /// Removes what processes that are gone have left behind.
    func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? [] {
            guard let owner = name.split(separator: "-").first.flatMap({ pid_t($0) }) else { continue }
            guard kill(owner, 0) != 0, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(atPath: path.appending(name).string)
        }
    }
}
