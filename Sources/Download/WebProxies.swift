// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation

/// The proxies through which addresses are reached.
public struct WebProxies: Sendable, Hashable {
    private let http: String?
    private let https: String?
    /// Hosts that are reached without one, as in NO_PROXY.
    private let exceptions: [String]
    private let sparesLoopback: Bool

    /// One for everything; nil for none.
    public init(always proxy: String?) {
        http = proxy
        https = proxy
        exceptions = []
        sparesLoopback = false
    }

    /// Those that the environment names: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not. This machine
    /// itself is always reached without one.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        http = value("HTTP_PROXY")
        https = value("HTTPS_PROXY")
        exceptions = (value("NO_PROXY") ?? "").split(whereSeparator: { $0 == "," || $0 == " " })
            .map { $0.lowercased() }
        sparesLoopback = true
    }

    /// The proxy's address for this one; nil where it is reached without.
    func address(for url: URL) -> String? {
        guard let host = url.host()?.lowercased() else { return nil }
        if sparesLoopback, Loopback.contains(host) { return nil }
        let port = url.port ?? (url.scheme == "https" ? 443 : 80)
        if exceptions.contains(where: { Self.exempts($0, host: host, port: port) }) { return nil }
        return url.scheme == "https" ? https : http
    }

    /// `*`, a host, a domain with or without its dot, and each of these with a port.
    private static func exempts(_ exception: String, host: String, port: Int) -> Bool {
        if exception == "*" { return true }
        var name = Substring(exception)
        // What has several colons is an IPv6 address and has no port without brackets.
        if exception.filter({ $0 == ":" }).count == 1, let colon = exception.firstIndex(of: ":") {
            guard Int(exception[exception.index(after: colon)...]) == port else { return false }
            name = exception[..<colon]
        }
        name = name.drop { $0 == "*" }.drop { $0 == "." }
        return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
    }

    func proxy(for url: URL) throws(DownloadError) -> HTTPClient.Configuration.Proxy? {
        guard let address = address(for: url) else { return nil }
        // `host:port` alone is usual too.
        guard let proxy = URL(string: address.contains("://") ? address : "http://\(address)"), let host = proxy.host()
        else { throw .unusableProxy(address, reason: "it is no address") }
        let user = proxy.user(percentEncoded: false)
        switch proxy.scheme {
        case "http":
            return .server(
                host: host,
                port: proxy.port ?? 80,
                authorization: user.map { .basic(username: $0, password: proxy.password(percentEncoded: false) ?? "") }
            )
        case "socks5", "socks5h": return .socksServer(host: host, port: proxy.port ?? 1080)
        default: throw .unusableProxy(host, reason: "only http:// and socks5:// proxies are known here")
        }
    }
}
