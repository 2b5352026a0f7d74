// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation

import struct NIOCore.ByteBuffer
import struct NIOCore.TimeAmount

/// A question to a web server. Redirects are followed; `Authorization` goes to nobody but the origin that it was meant
/// for, and nobody else's challenges come back.
public struct WebRequest: Sendable {
    /// To whom http may be spoken without encryption.
    public enum PlainHosts: Sendable {
        case any
        /// This machine only.
        case loopback
    }

    public var address: String
    public var headers: [String: String]
    /// Sent by POST; nil for a GET.
    public var form: [String: String]?
    /// What is being asked for, for people.
    public var what: String
    public var proxies: WebProxies
    public var plainHosts: PlainHosts
    /// Used where they lead to whom is asked.
    public var connections: WebConnections?

    public init(
        _ address: String,
        what: String,
        headers: [String: String] = [:],
        form: [String: String]? = nil,
        proxies: WebProxies,
        plainHosts: PlainHosts
    ) {
        self.address = address
        self.what = what
        self.headers = headers
        self.form = form
        self.proxies = proxies
        self.plainHosts = plainHosts
    }

    private static let mostRedirects = 5
    private static let connecting = TimeAmount.seconds(20)
    /// Without a byte for so long, a connection is dead.
    private static let silence = TimeAmount.seconds(30)
    private static let redirects: Set<UInt> = [301, 302, 303, 307, 308]

    /// The whole answer, whatever its status, unless it is one after which another try may succeed.
    ///
    /// - Parameters:
    ///   - limit: most bytes that the answer may have.
    ///   - time: for each try, to the last byte.
    /// - Throws: `DownloadError`
    public func answer(
        limit: Int,
        within time: Duration = .seconds(120),
        retries: Retries = Retries()
    ) async throws -> WebAnswer {
        try await retries.run {
            try await perform(within: time) { response in
                let refusal = DownloadError.answered(what: what, response.refusal)
                if refusal.mayPass { throw refusal }
                var body = ByteBuffer()
                try await response.read { buffer in
                    guard body.readableBytes + buffer.readableBytes <= limit else {
                        throw DownloadError.tooLong(what: what, limit: limit)
                    }
                    body.writeImmutableBuffer(buffer)
                }
                return WebAnswer(
                    status: Int(response.status.code),
                    origin: response.origin,
                    headers: response.headers.map { ($0.name.lowercased(), $0.value) },
                    body: Array(body.readableBytesView)
                )
            }
        }
    }

    /// Sends the request, and hands over the answer once it is no redirect any more.
    ///
    /// - Parameter limit: for all of it, redirects and the answer's last byte included.
    /// - Throws: `DownloadError`, and what `body` throws.
    func perform<Result>(
        within limit: Duration,
        _ body: (WebResponse) async throws -> Result
    ) async throws -> Result {
        guard var url = URL(string: address) else { throw DownloadError.unusableAddress(address) }
        try check(url)
        let end = ContinuousClock.now + limit
        var headers = headers
        var origin = WebOrigin.asked
        for _ in 0...Self.mostRedirects {
            let left = end - .now
            guard left > .zero else { throw DownloadError.tooSlow(what: what, limit: limit) }
            let outcome = try await exchange(with: url, headers, within: left) { [origin] response in
                try await body(WebResponse(response, by: origin, what: what, limit: limit, end: end))
            }
            switch outcome {
            case .result(let result): return result
            case .elsewhere(let next):
                try check(next, from: url)
                if !Self.isSameOrigin(url, next) {
                    origin = .other
                    headers = headers.filter { $0.key.lowercased() != "authorization" }
                }
                url = next
            }
        }
        throw DownloadError.badRedirect(
            what: what,
            reason: "the server redirects more than \(Self.mostRedirects) times"
        )
    }

    private enum Outcome<Result> {
        case result(Result)
        case elsewhere(URL)
    }

    private func exchange<Result>(
        with url: URL,
        _ headers: [String: String],
        within limit: Duration,
        _ body: (HTTPClientResponse) async throws -> Result
    ) async throws -> Outcome<Result> {
        var request = HTTPClientRequest(url: url.absoluteString)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let form {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: Self.encoded(form)))
        }
        let question = request
        func talk(over client: HTTPClient) async throws -> Outcome<Result> {
            let response = try await client.execute(question, timeout: TimeAmount(limit))
            guard Self.redirects.contains(response.status.code),
                let location = response.headers.first(name: "Location")
            else { return .result(try await body(response)) }
            guard let next = URL(string: location, relativeTo: url)?.absoluteURL, form == nil else {
                throw DownloadError.badRedirect(what: what, reason: "the server redirects to no usable address")
            }
            return .elsewhere(next)
        }
        do {
            if let connections, connections.lead(to: url) { return try await talk(over: connections.client) }
            let configuration = try Self.configuration(for: url, proxies)
            return try await HTTPClient.withHTTPClient(configuration: configuration) { try await talk(over: $0) }
        } catch let error as DownloadError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw DownloadError.notReached(what: what, reason: "\(url.host() ?? address): \(error)")
        }
    }

    static func configuration(
        for url: URL,
        _ proxies: WebProxies
    ) throws(DownloadError) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: Self.connecting, read: Self.silence)
        // Tries are counted and spaced by the caller, who knows which of them make sense.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = try proxies.proxy(for: url)
        return configuration
    }

    private func check(_ url: URL, from earlier: URL? = nil) throws(DownloadError) {
        guard let host = url.host(), !host.isEmpty, ["http", "https"].contains(url.scheme) else {
            // Only what the caller gave is repeated: an address that a server made may carry secrets.
            guard earlier == nil else {
                throw .badRedirect(what: what, reason: "the server redirects to no usable address")
            }
            throw .unusableAddress(address)
        }
        guard url.scheme == "http" else { return }
        if earlier?.scheme == "https" {
            throw .badRedirect(what: what, reason: "the server redirects from https to plain http, at \(host)")
        }
        guard case .loopback = plainHosts, !Loopback.contains(host) else { return }
        throw .badRedirect(what: what, reason: "plain http is spoken with this machine only, not with \(host)")
    }

    static func isSameOrigin(_ one: URL, _ other: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme == "https" ? 443 : 80) }
        return one.scheme == other.scheme && one.host()?.lowercased() == other.host()?.lowercased()
            && port(one) == port(other)
    }

    private static func encoded(_ form: [String: String]) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return form.sorted { $0.key < $1.key }.map { name, value in
            [name, value].map { $0.addingPercentEncoding(withAllowedCharacters: plain) ?? "" }.joined(separator: "=")
        }.joined(separator: "&")
    }
}

/// Who has answered.
public enum WebOrigin: Sendable, Hashable {
    /// The one that was asked (RFC 6454, section 4: scheme, host and port).
    case asked
    /// One that a redirect has led to, or led over.
    case other
}

/// What a web server said.
public struct WebAnswer: Sendable {
    public let status: Int
    public let origin: WebOrigin
    /// Names in small letters, in the order in which they came.
    let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// All headers of that name. - Parameter name: in small letters.
    public func headers(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }
}
