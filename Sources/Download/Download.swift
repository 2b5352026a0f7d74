// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import FileLock
import Foundation
import SystemPackage

/// Fetches a file whose digest and size are known, and goes on where an earlier try ended. What has come stays in `folder`
/// under the digest that is expected of it, so another try, or another process, finds it.
public struct Download: Sendable {
    private let folder: FilePath
    private let request: WebRequest
    private let sha256: String
    private let size: Int
    private let patience: Duration
    private let time: Duration
    private let retries: Retries

    private var partial: FilePath { folder.appending("\(sha256).partial") }

    /// - Parameters:
    ///   - sha256: hexadecimal.
    ///   - size: bytes; what is longer is refused as soon as it shows.
    ///   - folder: for what has not come whole yet.
    ///   - patience: how long another process that fetches the same file is waited for.
    ///   - time: for each try, to the last byte.
    public init(
        _ request: WebRequest,
        sha256: ContentDigest,
        size: Int,
        folder: FilePath,
        patience: Duration,
        within time: Duration = .seconds(3600),
        retries: Retries = Retries()
    ) {
        self.request = request
        self.sha256 = sha256.hexadecimal
        self.size = size
        self.folder = folder
        self.patience = patience
        self.time = time
        self.retries = retries
    }

    /// Hands the file to `body`, whole and with the right digest; afterwards it is gone.
    ///
    /// - Parameter progress: told how many bytes are there.
    /// - Throws: `DownloadError`, `FileLockError`, and what `body` throws.
    public func with<Result: Sendable>(
        progress: @Sendable (Int) -> Void,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        try await FileLock.with(
            folder.appending("\(sha256).lock"),
            for: "the download of \(request.what)",
            within: patience
        ) {
            try await retries.run { try await attempt(progress: progress) }
            defer { unlink(partial.string) }
            return try await body(partial)
        }
    }

    private func attempt(progress: @Sendable (Int) -> Void) async throws {
        var file = try PartialFile(at: partial)
        defer { file.close() }
        let before = file.size
        do {
            if file.size > size { try file.beginAnew() }
            if file.size < size || size == 0 { try await fetch(into: &file, progress: progress) }
            guard file.size == size else { throw DownloadError.cut(what: request.what, at: file.size, of: size) }
        } catch {
            if case .some(.tooLong) = error as? DownloadError { file.remove() }
            if file.size == 0 { file.remove() }
            throw error
        }
        let found = file.digest.digest.hexadecimal
        guard found == sha256 else {
            // Wrong bytes can't be gone on from.
            file.remove()
            // The end of one file may have been put to the beginning of another: then all of it is fetched once more.
            guard before == 0 else { return try await attempt(progress: progress) }
            throw DownloadError.wrongDigest(what: request.what, expected: sha256, found: found)
        }
    }

    private func fetch(into file: inout PartialFile, progress: @Sendable (Int) -> Void) async throws {
        var request = request
        if file.size > 0 { request.headers["Range"] = "bytes=\(file.size)-" }
        var received = file
        defer { file = received }
        try await request.perform(within: time) { response in
            switch response.status {
            case .partialContent where Self.begins(response, at: received.size): break
            // A server that knows no ranges, or gives another one, begins at the beginning.
            case .ok: try received.beginAnew()
            case .partialContent, .rangeNotSatisfiable:
                try received.beginAnew()
                throw DownloadError.notReached(
                    what: request.what,
                    reason: "the server gave another part than was asked for"
                )
            default: throw DownloadError.answered(what: request.what, response.refusal)
            }
            try await response.read { buffer in
                guard received.size + buffer.readableBytes <= size else {
                    throw DownloadError.tooLong(what: request.what, limit: size)
                }
                try buffer.withUnsafeReadableBytes { try received.append($0) }
                progress(received.size)
            }
        }
    }

    /// Whether a part is the one that follows on what is there: `Content-Range: bytes 300-599/600`.
    private static func begins(_ response: WebResponse, at offset: Int) -> Bool {
        guard let range = response.headers.first(name: "Content-Range") else { return false }
        return range.hasPrefix("bytes \(offset)-")
    }
}
