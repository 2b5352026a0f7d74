// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Download

@Suite struct ProxyTests {
    private static let variables = [
        "https_proxy": "http://user:word@proxy.test.invalid:3128", "HTTP_PROXY": "plain.test.invalid",
        "NO_PROXY": "inside.invalid, .dotted.invalid,ported.invalid:8443",
    ]

    @Test(
        "the environment's proxies are used, except where it says otherwise, and never for this machine",
        arguments: [
            ("https://quay.io/v2/", "http://user:word@proxy.test.invalid:3128"),
            ("http://quay.io/", "plain.test.invalid"),
            ("https://inside.invalid/", nil), ("https://a.inside.invalid/", nil),
            ("https://notinside.invalid/", variables["https_proxy"]),
            ("https://a.dotted.invalid/", nil), ("https://ported.invalid:8443/", nil),
            ("https://ported.invalid/", variables["https_proxy"]),
            ("http://127.0.0.1:5000/", nil), ("http://[::1]:5000/", nil), ("http://localhost/", nil),
        ] as [(String, String?)]
    )
    func environment(address: String, proxy: String?) throws {
        let url = try #require(URL(string: address))
        #expect(WebProxies(environment: Self.variables).address(for: url) == proxy)
    }

    @Test("a proxy of a kind that is not known is told, without its password")
    func unknownKind() throws {
        let proxies = WebProxies(always: "https://user:word@proxy.test.invalid")
        let url = try #require(URL(string: "https://quay.io/"))
        let error = #expect(throws: DownloadError.self) { try proxies.proxy(for: url) }
        #expect(error?.description.contains("word") == false)
    }

    @Test(
        "only this machine's own addresses are this machine",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("127.255.1.2", true), ("::1", true), ("[::1]", true),
            ("127.0.0.1.test.invalid", false), ("127.evil", false), ("127.0.0.256", false), ("127.0.0.+1", false),
            ("localhost.test.invalid", false), ("128.0.0.1", false), ("", false),
        ]
    )
    func loopback(host: String, isLoopback: Bool) {
        #expect(Loopback.contains(host) == isLoopback)
    }
}
