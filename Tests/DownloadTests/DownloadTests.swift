// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Download
import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

/// Downloads from a server that is honest, broken, or hostile.
@Suite struct DownloadTests {
    private static let file: [UInt8] = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    private static let soon = Retries(tries: 3, firstDelay: .milliseconds(5), longestDelay: .seconds(5))
    private static let path = "/file"

    /// Fetches the file and gives back its bytes.
    private static func fetch(
        _ server: ScriptedServer,
        into folder: FilePath,
        path: String = path,
        expecting file: [UInt8] = file,
        headers: [String: String] = [:],
        retries: Retries = soon
    ) async throws -> [UInt8] {
        let request = WebRequest(
            "http://127.0.0.1:\(server.port)\(path)",
            what: "a file",
            headers: headers,
            proxies: WebProxies(environment: [:]),
            plainHosts: .loopback
        )
        return try await Download(
            request,
            sha256: ContentDigest(of: file),
            size: file.count,
            folder: folder,
            patience: .seconds(20),
            retries: retries
        ).with(progress: { _ in }) { try $0.contents }
    }

    private func served(
        _ routes: [Route],
        _ body: @escaping @Sendable (ScriptedServer, FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let downloads = folder.appending("downloads")
            try FileManager.default.createDirectory(atPath: downloads.string, withIntermediateDirectories: true)
            try await ScriptedServer.with(routes, in: folder) { try await body($0, downloads) }
        }
    }

    private static func partials(in folder: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.string).filter { $0.hasSuffix(".partial") }
    }

    @Test("a file comes whole, and is gone afterwards")
    func honest() async throws {
        try await served([Route(Self.path, Self.file)]) { server, folder in
            try await #expect(Self.fetch(server, into: folder) == Self.file)
            try #expect(Self.partials(in: folder).isEmpty)
        }
    }

    @Test("a connection that breaks off is gone on from where it broke, also by the next download")
    func resume() async throws {
        let cut = Route(Self.path, Self.file).with { $0.cutAfter = 100_000 }
        try await served([cut.with { $0.times = 2 }, Route(Self.path, Self.file)]) { server, folder in
            let once = Retries(tries: 1)
            await #expect(throws: DownloadError.self) { try await Self.fetch(server, into: folder, retries: once) }
            try await #expect(Self.fetch(server, into: folder) == Self.file)
            let starts = try server.requests.map { $0.headers["range"] }
            #expect(starts.count == 3 && starts[0] == nil)
            #expect(starts[1] != nil && starts[2] != nil && starts[1] != starts[2], "\(starts)")
        }
    }

    @Test("a server that goes on and on, a byte at a time, is left when its time is over, and is not asked again")
    func dripping() async throws {
        let drop = Route(Self.path, Self.file.prefix(100)).with { $0.isDripping = true }
        try await served([drop]) { server, folder in
            let request = WebRequest(
                "http://127.0.0.1:\(server.port)\(Self.path)",
                what: "a file",
                proxies: WebProxies(environment: [:]),
                plainHosts: .loopback
            )
            let time = Duration.milliseconds(500)
            let tooSlow = DownloadError.tooSlow(what: "a file", limit: time)
            await #expect(throws: tooSlow) { try await request.answer(limit: 1 << 20, within: time) }
            await #expect(throws: tooSlow) {
                try await Download(
                    request,
                    sha256: ContentDigest(of: Self.file.prefix(100)),
                    size: 100,
                    folder: folder,
                    patience: .seconds(20),
                    within: time
                ).with(progress: { _ in }) { try $0.contents }
            }
            try #expect(server.requests.count == 2)
        }
    }

    @Test("a server without ranges is begun anew")
    func noRanges() async throws {
        let cut = Route(Self.path, Self.file).with { ($0.cutAfter, $0.times) = (100_000, 1) }
        let whole = Route(Self.path, Self.file).with { $0.knowsRanges = false }
        try await served([cut, whole]) { server, folder in
            try await #expect(Self.fetch(server, into: folder) == Self.file)
        }
    }

    @Test("other bytes are refused at the first look, and nothing of them is kept")
    func wrongDigest() async throws {
        var changed = Self.file
        changed[5] ^= 1
        try await served([Route(Self.path, changed)]) { server, folder in
            let error = await #expect(throws: DownloadError.self) { try await Self.fetch(server, into: folder) }
            guard case .wrongDigest = error else { Issue.record("\(String(describing: error))"); return }
            try #expect(Self.partials(in: folder).isEmpty)
            try #expect(server.requests.count == 1)
        }
    }

    @Test("a beginning that belongs to another file is thrown away, and the file fetched from its own")
    func wrongBeginning() async throws {
        try await served([Route(Self.path, Self.file)]) { server, folder in
            let partial = folder.appending("\(ContentDigest(of: Self.file)).partial")
            try partial.write([UInt8](repeating: 7, count: 1000))
            try await #expect(Self.fetch(server, into: folder) == Self.file)
            try #expect(server.requests.map { $0.headers["range"] } == ["bytes=1000-", nil])
        }
    }

    @Test("a body without an end is left as soon as it is longer than it may be")
    func endless() async throws {
        try await served([Route(Self.path, Self.file).with { $0.isEndless = true }]) { server, folder in
            await #expect(throws: DownloadError.tooLong(what: "a file", limit: Self.file.count)) {
                try await Self.fetch(server, into: folder)
            }
            try #expect(Self.partials(in: folder).isEmpty)
        }
    }

    @Test("too many requests: the server is asked again after the time that it wants")
    func tooMany() async throws {
        let busy = Route(Self.path).with { ($0.status, $0.times, $0.headers) = (429, 1, ["Retry-After": "1"]) }
        try await served([busy, Route(Self.path, Self.file)]) { server, folder in
            try await #expect(Self.fetch(server, into: folder) == Self.file)
            try #expect(server.requests.count == 2)
        }
    }

    @Test("a server that asks to be left alone for too long is not waited for, and its wish is told")
    func tooLongAWait() async throws {
        let busy = Route(Self.path).with { ($0.status, $0.headers) = (429, ["Retry-After": "86400"]) }
        try await served([busy]) { server, folder in
            let error = await #expect(throws: DownloadError.self) { try await Self.fetch(server, into: folder) }
            #expect(error?.description.contains("86400 s") == true)
            try #expect(server.requests.count == 1)
        }
    }

    @Test("trouble is tried again as often as was said; a refusal is not", arguments: [(503, 3), (404, 1), (403, 1)])
    func statuses(status: Int, asked: Int) async throws {
        try await served([Route(Self.path).with { $0.status = status }]) { server, folder in
            let error = await #expect(throws: DownloadError.self) { try await Self.fetch(server, into: folder) }
            guard case .answered(_, let refusal) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(refusal.status == status)
            try #expect(server.requests.count == asked)
            try #expect(Self.partials(in: folder).isEmpty)
        }
    }

    @Test("a redirect is followed; what authorises stays with the host that it was meant for")
    func redirect() async throws {
        let routes = [
            Route(Self.path).with { ($0.status, $0.headers) = (307, ["Location": "/same"]) },
            Route("/same").with { ($0.status, $0.headers) = (302, ["Location": "http://localhost:{port}/other"]) },
            Route("/other", Self.file),
        ]
        try await served(routes) { server, folder in
            try await #expect(Self.fetch(server, into: folder, headers: ["Authorization": "secret"]) == Self.file)
            try #expect(server.requests.map(\.path) == [Self.path, "/same", "/other"])
            try #expect(server.requests.map { $0.headers["authorization"] } == ["secret", "secret", nil])
        }
    }

    @Test(
        "a redirect to plain http elsewhere, to no address, or round in circles is not followed",
        arguments: ["http://192.0.2.1/file", "file:///etc/passwd", path]
    )
    func badRedirect(location: String) async throws {
        try await served([Route(Self.path).with { ($0.status, $0.headers) = (302, ["Location": location]) }]) {
            server,
            folder in
            let error = await #expect(throws: DownloadError.self) { try await Self.fetch(server, into: folder) }
            guard case .badRedirect = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test("a proxy is asked to lead to the server, and told who asks")
    func proxy() async throws {
        try await served([Route(Self.path, Self.file)]) { server, _ in
            let request = WebRequest(
                "http://mirror.invalid\(Self.path)",
                what: "a file",
                proxies: WebProxies(always: "http://user:word@127.0.0.1:\(server.port)"),
                plainHosts: .any
            )
            let answer = try await request.answer(limit: Self.file.count, retries: Self.soon)
            #expect(answer.body == Self.file)
            try #expect(server.requests.map(\.path) == ["mirror.invalid:80", Self.path])
            try #expect(server.requests.map { $0.headers["proxy-authorization"] } == ["Basic dXNlcjp3b3Jk", nil])
        }
    }

    @Test("nobody there is told, with the host")
    func down() async throws {
        try await withScratchFolder { folder in
            let request = WebRequest(
                "http://127.0.0.1:1/",
                what: "a file",
                proxies: WebProxies(environment: [:]),
                plainHosts: .loopback
            )
            let error = await #expect(throws: DownloadError.self) {
                try await request.answer(limit: 10, retries: Self.soon)
            }
            #expect(error?.description.contains("127.0.0.1") == true)
        }
    }

    @Test("an answer longer than it may be is refused")
    func longAnswer() async throws {
        try await served([Route(Self.path, Self.file)]) { server, _ in
            let request = WebRequest(
                "http://127.0.0.1:\(server.port)\(Self.path)",
                what: "an answer",
                proxies: WebProxies(environment: [:]),
                plainHosts: .loopback
            )
            await #expect(throws: DownloadError.tooLong(what: "an answer", limit: 1000)) {
                try await request.answer(limit: 1000, retries: Self.soon)
            }
        }
    }
}
