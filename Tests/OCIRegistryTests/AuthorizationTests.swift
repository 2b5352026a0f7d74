// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import OCIRegistry

/// How a registry that wants to be convinced is.
@Suite struct AuthorizationTests {
    private static let name = RegistryFixture.name

    private func served(
        _ routes: [Route],
        _ body: @escaping @Sendable (Registry, ScriptedServer, FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            try await ScriptedServer.with(routes, in: folder) { server in
                try await body(try RegistryFixture.registry(port: server.port, in: folder), server, folder)
            }
        }
    }

    @Test("strangers get a token where it is to be had, and a new one in the middle of a layer when it has run out")
    func tokens() async throws {
        let image = RegistryFixture.image()
        let layer = "/v2/\(Self.name)/blobs/\(image.layers[0].digest)"
        let routes =
            image.routes(Self.name, tag: "v1").map { route in
                route.with { $0.onlyWith = ["Authorization": route.path == layer ? "Bearer second" : "Bearer first"] }
            } + [
                RegistryFixture.wantsToken("/v2/\(Self.name)/manifests/v1"), RegistryFixture.wantsToken(layer),
                Route("/token", #"{"token":"first","expires_in":60}"#).with { $0.times = 1 },
                Route("/token", #"{"access_token":"second"}"#).with { $0.times = 1 },
            ]
        try await served(routes) { registry, server, folder in
            let found = try await RegistryFixture.fetch(registry, in: folder)
            #expect(found == ["boot/vmlinuz": "kernel"])
            let asked = try server.requests(at: "/token")
            #expect(asked.count == 2)
            #expect(asked.allSatisfy { $0.headers["authorization"] == nil })
            let question = try #require(URLComponents(string: asked[0].path)?.queryItems)
            #expect(question.first { $0.name == "service" }?.value == "test, service")
            #expect(question.first { $0.name == "scope" }?.value == "repository:\(Self.name):pull")
        }
    }

    @Test("a registry that refuses the token that it has just given is asked no further")
    func refusedToken() async throws {
        let routes = [RegistryFixture.wantsToken("/v2/\(Self.name)/manifests/v1"), Route("/token", #"{"token":"t"}"#)]
        try await served(routes) { registry, server, folder in
            await #expect(throws: RegistryError.loginNeeded(registry.repository, .noCredentials)) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            let count = try server.requests.count
            #expect(count == 3)
        }
    }

    @Test(
        "Docker's credentials are shown to whom the registry names for tokens; an identity token is exchanged for one"
    )
    func credentials() async throws {
        let manifest = "/v2/\(Self.name)/manifests/v1"
        let routes =
            [
                Route("/token", #"{"token":"mine"}"#).with { $0.onlyWith = ["Authorization": "Basic dXNlcjpwYXNz"] },
                Route("/token", #"{"access_token":"mine"}"#).with { $0.method = "POST" },
                Route("/token").with { $0.status = 401 },
            ]
            + RegistryFixture.image().routes(Self.name, tag: "v1").map { route in
                route.with { $0.onlyWith = ["Authorization": "Bearer mine"] }
            } + [RegistryFixture.wantsToken(manifest)]
        try await withScratchFolder { folder in
            try await ScriptedServer.with(routes, in: folder) { server in
                func registry(_ entry: String) throws -> Registry {
                    let config = try RegistryFixture.write(
                        entry.replacing("HOST", with: "127.0.0.1:\(server.port)"),
                        to: folder
                    )
                    return try RegistryFixture.registry(port: server.port, in: folder, dockerConfig: config)
                }
                for entry in [
                    #"{"auths":{"HOST":{"auth":"dXNlcjpwYXNz"}},"credsStore":"desktop"}"#,
                    #"{"auths":{"HOST":{"identitytoken":"long & lived"}}}"#,
                ] {
                    let found = try await RegistryFixture.fetch(try registry(entry), in: folder)
                    #expect(found == ["boot/vmlinuz": "kernel"], "\(entry)")
                }
                let exchange = try server.requests.first { $0.method == "POST" }
                #expect(exchange?.body.contains("grant_type=refresh_token") == true)
                #expect(exchange?.body.contains("refresh_token=long%20%26%20lived") == true)

                let problems: [(String, RegistryError.LoginProblem)] = [
                    (#"{"auths":{"HOST":{}},"credsStore":"desktop"}"#, .helper(name: "desktop")),
                    (#"{"credHelpers":{"HOST":"gcloud"}}"#, .helper(name: "gcloud")),
                    (#"{"auths":{"elsewhere":{"auth":"dXNlcjpwYXNz"}}}"#, .noCredentials),
                    (#"{"auths":{"HOST":{"auth":"d3Jvbmc6d3Jvbmc="}}}"#, .refused),
                    (#"{"auths":{"HOST":{"auth":"not base64"}}}"#, .noCredentials),
                    ("{", .unreadable(path: "\(folder)/docker/config.json")),
                ]
                for (entry, problem) in problems {
                    let registry = try registry(entry)
                    await #expect(throws: RegistryError.loginNeeded(registry.repository, problem), "\(entry)") {
                        try await RegistryFixture.fetch(registry, in: folder)
                    }
                }
            }
        }
    }

    @Test(
        "whom a registry redirects to gets neither credentials nor tokens, whatever it asks for",
        arguments: [
            #"{"auths":{"HOST":{"auth":"dXNlcjpwYXNz"}}}"#, #"{"auths":{"HOST":{"identitytoken":"long lived"}}}"#,
        ]
    )
    func redirectedChallenge(entry: String) async throws {
        let image = RegistryFixture.image()
        let layer = "/v2/\(Self.name)/blobs/\(image.layers[0].digest)"
        let thief = [
            RegistryFixture.wantsToken("/stolen"), Route("/token", #"{"token":"t"}"#),
            Route("/token", #"{"token":"t"}"#).with { $0.method = "POST" },
        ]
        try await withScratchFolder { folder in
            try await ScriptedServer.with(thief, in: folder) { other in
                for path in [layer, "/v2/\(Self.name)/manifests/v1"] {
                    let redirect = Route(path).with {
                        ($0.status, $0.headers) = (307, ["Location": "http://127.0.0.1:\(other.port)/stolen"])
                    }
                    let routes = [redirect] + image.routes(Self.name, tag: "v1")
                    try await ScriptedServer.with(routes, in: folder) { server in
                        let config = try RegistryFixture.write(
                            entry.replacing("HOST", with: "127.0.0.1:\(server.port)"),
                            to: folder
                        )
                        let registry = try RegistryFixture.registry(port: server.port, in: folder, dockerConfig: config)
                        let error = await #expect(throws: RegistryError.self) {
                            try await RegistryFixture.fetch(registry, in: folder)
                        }
                        #expect("\(String(describing: error))".contains("401"))
                    }
                }
                let asked = try other.requests
                #expect(asked.map(\.path) == ["/stolen", "/stolen"])
                #expect(asked.allSatisfy { $0.headers["authorization"] == nil })
            }
        }
    }

    @Test("credentials are not shown to somebody who speaks plain http on another machine")
    func plainRealm() async throws {
        let manifest = RegistryFixture.wantsToken("/v2/\(Self.name)/manifests/v1", realm: "http://192.0.2.1/token")
        try await served([manifest]) { registry, _, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .notReached = error else { Issue.record("\(String(describing: error))"); return }
        }
    }
}
