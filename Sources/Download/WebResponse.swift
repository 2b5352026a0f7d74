// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient

import struct NIOCore.ByteBuffer
import struct NIOHTTP1.HTTPHeaders
import enum NIOHTTP1.HTTPResponseStatus

/// The beginning of an answer, and the way to the rest of it.
struct WebResponse {
    let status: HTTPResponseStatus
    /// Without challenges, where they are another origin's.
    let headers: HTTPHeaders
    let origin: WebOrigin
    private let body: HTTPClientResponse.Body
    private let what: String
    private let limit: Duration
    private let end: ContinuousClock.Instant

    /// - Parameters:
    ///   - limit: how long the whole conversation may take.
    ///   - end: when that is over.
    init(
        _ response: HTTPClientResponse,
        by origin: WebOrigin,
        what: String,
        limit: Duration,
        end: ContinuousClock.Instant
    ) {
        status = response.status
        var headers = response.headers
        // Whoever is asked because another has said so may not ask for what is that other's.
        if origin == .other { headers.remove(name: "WWW-Authenticate") }
        self.headers = headers
        self.origin = origin
        body = response.body
        self.what = what
        self.limit = limit
        self.end = end
    }

    /// Hands over the body, piece by piece.
    ///
    /// The client bounds the time to the answer's beginning and between two pieces, so this ends soon after its time.
    func read(_ take: (ByteBuffer) throws -> Void) async throws {
        for try await piece in body {
            guard ContinuousClock.now < end else { throw DownloadError.tooSlow(what: what, limit: limit) }
            try take(piece)
        }
    }

    var refusal: DownloadError.Refusal {
        DownloadError.Refusal(
            status: Int(status.code),
            retryAfter: headers.first(name: "Retry-After").flatMap { Retries.delay(asked: $0) },
            challenges: headers["WWW-Authenticate"],
            origin: origin
        )
    }
}
