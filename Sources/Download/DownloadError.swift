// SPDX-License-Identifier: Apache-2.0

/// Why something did not come over the network, or was refused when it had.
public enum DownloadError: Error, Hashable, CustomStringConvertible {
    case unusableAddress(String)
    case unusableProxy(String, reason: String)
    /// Nothing answered, or what answered broke off.
    case notReached(what: String, reason: String)
    /// The connection ended early.
    case cut(what: String, at: Int, of: Int)
    /// The server still sends, and its time is over.
    case tooSlow(what: String, limit: Duration)
    /// The server answered, but not with what was asked for.
    case answered(what: String, Refusal)
    /// The server sends the caller somewhere that must not be gone to.
    case badRedirect(what: String, reason: String)
    /// More came than there may be. Nothing of it is kept.
    case tooLong(what: String, limit: Int)
    /// Nothing of it is kept.
    case wrongDigest(what: String, expected: String, found: String)
    case storage(path: String, reason: String)

    /// An answer that is no success.
    public struct Refusal: Sendable, Hashable {
        public let status: Int
        /// How long the server wants to be left alone.
        public let retryAfter: Duration?
        /// The `WWW-Authenticate` headers; none of another origin's.
        public let challenges: [String]
        public let origin: WebOrigin
    }

    /// Statuses after which the same request may succeed: timeouts, too many requests, trouble behind the server.
    private static let passingStatuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504]

    /// Whether another try may succeed.
    var mayPass: Bool {
        switch self {
        case .notReached, .cut: true
        case .answered(_, let refusal): Self.passingStatuses.contains(refusal.status)
        default: false
        }
    }

    var retryAfter: Duration? {
        guard case .answered(_, let refusal) = self else { return nil }
        return refusal.retryAfter
    }

    /// Without what was being fetched, to be put into a sentence.
    public var reason: String {
        switch self {
        case .unusableAddress(let address): "'\(address)' is no address that can be fetched from"
        case .unusableProxy(let proxy, let reason): "the proxy '\(proxy)' can't be used: \(reason)"
        case .notReached(_, let reason): reason
        case .cut(_, let place, let size): "the connection ended after \(place) of \(size) bytes"
        case .tooSlow(_, let limit): "the server was not done after \(limit.components.seconds) s"
        case .answered(_, let refusal):
            "the server answered \(refusal.status)"
                + (refusal.retryAfter.map { ", and asks to be left alone for \($0.components.seconds) s" } ?? "")
        case .badRedirect(_, let reason): reason
        case .tooLong(_, let limit): "the server sends more than the \(limit) bytes that it may have"
        case .wrongDigest(_, let expected, let found): "its SHA-256 is \(found), and should be \(expected)"
        case .storage(let path, let reason): "cannot write \(path): \(reason)"
        }
    }

    public var description: String { text.printable }

    private var text: String {
        switch self {
        case .unusableAddress, .unusableProxy, .storage: reason
        case .notReached(let what, _), .cut(let what, _, _), .tooSlow(let what, _), .answered(let what, _),
            .badRedirect(let what, _):
            "\(what) could not be fetched: \(reason)"
        case .tooLong(let what, _), .wrongDigest(let what, _, _):
            "\(what) was refused: \(reason). Nothing of it was kept"
        }
    }
}
