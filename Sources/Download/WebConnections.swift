// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation

/// Connections to one server, kept from one request to the next: many small questions take one handshake.
public struct WebConnections: Sendable {
    let client: HTTPClient
    private let server: URL

    /// Keeps them for the length of `body`.
    ///
    /// - Throws: `DownloadError`, and what `body` throws.
    public static func with<Result>(
        _ address: String,
        proxies: WebProxies,
        _ body: (WebConnections) async throws -> Result
    ) async throws -> Result {
        guard let url = URL(string: address) else { throw DownloadError.unusableAddress(address) }
        return try await HTTPClient.withHTTPClient(configuration: try WebRequest.configuration(for: url, proxies)) {
            try await body(WebConnections(client: $0, server: url))
        }
    }

    func lead(to url: URL) -> Bool { WebRequest.isSameOrigin(server, url) }
}
