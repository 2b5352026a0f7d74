// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import ContentDigest
import FileLock
import Foundation
import SystemPackage

import struct NIOCore.ByteBuffer
import struct NIOCore.TimeAmount

/// Fetches a file whose digest is known, and goes on where an earlier try ended. What has come stays in `folder` under
/// the digest that is expected of it, so another try, or another process, finds it.
struct Download: Sendable {
    let folder: FilePath
    let location: PackageLocation
    /// What is being fetched, for people.
    let what: String
    let proxy: String?

    private static let tries = 3
    /// Without a byte for so long, a connection is dead.
    private static let silence = TimeAmount.seconds(30)
    private static let whole = TimeAmount.minutes(60)

    private var partial: FilePath { folder.appending("\(location.sha256).partial") }

    /// What one try came to.
    private enum Outcome {
        case whole
        case wrongDigest
        case failed(String)
    }

    /// Hands the file to `body`, whole and with the right digest; afterwards it is gone.
    func with<Result: Sendable>(
        progress: @Sendable (Int) -> Void,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        try await FileLock.with(folder.appending("\(location.sha256).lock"), within: KernelStore.patience) {
            var last = Outcome.failed("")
            for attempt in 1...Self.tries {
                if attempt > 1 { try await Task.sleep(for: .seconds(1 << (attempt - 1))) }
                last = try await attemptOnce(progress: progress)
                if case .whole = last { break }
            }
            switch last {
            case .whole:
                defer { unlink(partial.string) }
                return try await body(partial)
            case .wrongDigest:
                throw KernelStoreError.refused(what: what, reason: "its SHA-256 is not the one in the signed index")
            case .failed(let reason):
                throw KernelStoreError.notDownloaded(what: what, reason: reason)
            }
        }
    }

    private func attemptOnce(progress: @Sendable (Int) -> Void) async throws -> Outcome {
        do {
            try await fetch(progress: progress)
        } catch let error as KernelStoreError {
            throw error
        } catch {
            try Task.checkCancellation()
            if (try? BlobStore.read(partial))?.isEmpty == true { unlink(partial.string) }
            return .failed("\(error)")
        }
        guard ContentDigest(ofFile: partial)?.hexadecimal == location.sha256 else {
            // Wrong bytes can't be gone on from.
            unlink(partial.string)
            return .wrongDigest
        }
        return .whole
    }

    private func fetch(progress: @Sendable (Int) -> Void) async throws {
        let file = try open()
        defer { try? file.close() }
        var have = Int(try file.seek(offset: 0, from: .end))
        guard have != location.size else { return }
        if have > location.size {
            try file.resize(to: 0)
            have = 0
        }
        var request = HTTPClientRequest(url: location.address)
        if have > 0 { request.headers.add(name: "Range", value: "bytes=\(have)-") }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response = try await client.execute(request, timeout: Self.whole)
            switch response.status {
            case .partialContent: break
            // A server that knows no ranges begins at the beginning.
            case .ok:
                try file.resize(to: 0)
                have = 0
            default: throw Refusal(status: response.status.code)
            }
            try file.seek(offset: Int64(have), from: .start)
            for try await buffer in response.body {
                have += buffer.readableBytes
                guard have <= location.size else { break }
                try write(buffer, to: file)
                progress(have)
            }
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
        guard have >= location.size else { throw Cut(at: have, of: location.size) }
    }

    private var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(20), read: Self.silence)
        if let proxy, let url = URL(string: proxy), let host = url.host() {
            let user = url.user(percentEncoded: false)
            configuration.proxy = .server(
                host: host,
                port: url.port ?? 8080,
                authorization: user.map { .basic(username: $0, password: url.password(percentEncoded: false) ?? "") }
            )
        }
        return configuration
    }

    private func open() throws(KernelStoreError) -> FileDescriptor {
        do {
            return try .open(partial, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw .storage(path: partial.string, reason: "\(error)")
        }
    }

    private func write(_ buffer: ByteBuffer, to file: FileDescriptor) throws(KernelStoreError) {
        do {
            _ = try file.writeAll(buffer.readableBytesView)
        } catch {
            throw .storage(path: partial.string, reason: "\(error)")
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let status: UInt

        var description: String { "the server answered \(status)" }
    }

    private struct Cut: Error, CustomStringConvertible {
        let place: Int
        let size: Int

        init(at place: Int, of size: Int) {
            self.place = place
            self.size = size
        }

        var description: String { "the connection ended after \(place) of \(size) bytes" }
    }
}
