// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Download

@Suite struct RetryTests {
    @Test("a server's wish to be left alone counts where it is longer than the usual wait, and not too long")
    func wish() {
        let retries = Retries(tries: 3, firstDelay: .seconds(1), longestDelay: .seconds(60))
        func busy(_ wish: Duration?) -> DownloadError {
            .answered(what: "it", .init(status: 429, retryAfter: wish, challenges: [], origin: .asked))
        }
        #expect(retries.wait(after: busy(nil), usually: .seconds(2)) == .seconds(2))
        #expect(retries.wait(after: busy(.seconds(1)), usually: .seconds(2)) == .seconds(2))
        #expect(retries.wait(after: busy(.seconds(30)), usually: .seconds(2)) == .seconds(30))
        #expect(retries.wait(after: busy(.seconds(61)), usually: .seconds(2)) == nil)
        #expect(retries.wait(after: .tooLong(what: "it", limit: 1), usually: .seconds(2)) == nil)
    }

    @Test("Retry-After is read as seconds and as a date; nonsense is no wish")
    func retryAfter() {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(Retries.delay(asked: "120", now: now) == .seconds(120))
        #expect(Retries.delay(asked: "Tue, 14 Nov 2023 22:13:50 GMT", now: now) == .seconds(30))
        #expect(Retries.delay(asked: "Tue, 14 Nov 2000 22:13:50 GMT", now: now) == .zero)
        #expect(Retries.delay(asked: "-3", now: now) == nil)
        #expect(Retries.delay(asked: "soon", now: now) == nil)
    }
}
