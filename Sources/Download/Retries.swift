// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How often, and how soon, what may have failed in passing is tried again.
public struct Retries: Sendable, Hashable {
    /// With the first one.
    public var tries: Int
    /// Before the second try; each further one waits twice as long.
    public var firstDelay: Duration
    /// A server that wants to be left alone for longer is not waited for.
    public var longestDelay: Duration

    public init(
        tries: Int = 4,
        firstDelay: Duration = .seconds(1),
        longestDelay: Duration = .seconds(60)
    ) {
        self.tries = tries
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// Runs `attempt` until it succeeds, fails for good, or has failed too often. The last failure is thrown.
    func run<Result>(_ attempt: () async throws -> Result) async throws -> Result {
        var delay = firstDelay
        for _ in 1..<max(tries, 1) {
            do {
                return try await attempt()
            } catch let error as DownloadError {
                guard let wait = wait(after: error, usually: delay) else { throw error }
                try await Task.sleep(for: wait)
                delay *= 2
            }
        }
        return try await attempt()
    }

    /// How long to wait before another try; nil where there should be none.
    func wait(after error: DownloadError, usually delay: Duration) -> Duration? {
        guard error.mayPass else { return nil }
        let wait = max(delay, error.retryAfter ?? .zero)
        return wait <= longestDelay ? wait : nil
    }

    /// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3); nil for anything else.
    static func delay(asked text: String, now: Date = Date()) -> Duration? {
        if let seconds = Int(text) { return seconds < 0 ? nil : .seconds(min(seconds, 1 << 30)) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let date = format.date(from: text) else { return nil }
        return .seconds(max(0, date.timeIntervalSince(now)))
    }
}
