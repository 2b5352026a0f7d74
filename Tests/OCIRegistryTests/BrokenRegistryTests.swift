// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import OCIRegistry

/// Against registries that fail on purpose.
@Suite struct BrokenRegistryTests {
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

    private static func blob(_ blob: MadeBlob) -> String { "/v2/\(name)/blobs/\(blob.digest)" }

    /// Nothing of what was refused may be left.
    private static func expectEmpty(_ folder: FilePath) throws {
        let left = try RegistryFixture.partials(in: folder)
        #expect(left.isEmpty, "\(left)")
    }

    @Test("a layer whose digest is wrong is refused, and nothing of it is kept")
    func wrongLayer() async throws {
        let image = RegistryFixture.image()
        var bytes = image.layers[0].bytes
        bytes[600] ^= 1
        let routes = [Route(Self.blob(image.layers[0]), bytes)] + image.routes(Self.name, tag: "v1")
        try await served(routes) { registry, _, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .wrongDigest = error else { Issue.record("\(String(describing: error))"); return }
            try Self.expectEmpty(folder)
        }
    }

    @Test("a manifest that is not the one of its digest is refused: by reference, by the registry's word, by an index")
    func wrongManifest() async throws {
        let image = RegistryFixture.image()
        let other = RegistryFixture.image("other")
        let index = MadeImage.index(of: [image])
        let routes = [
            MadeImage.route(Self.name, image.manifest.digest, other.manifest).with { $0.headers = [:] },
            MadeImage.route(Self.name, "lie", other.manifest).with {
                $0.headers["Docker-Content-Digest"] = image.manifest.digest
            },
            MadeImage.route(Self.name, "index", index),
        ]
        try await served(routes) { registry, _, folder in
            for (tag, digest) in [
                ("v1", ContentDigest(of: image.manifest.bytes)), ("lie", nil), ("index", nil),
            ] as [(String, ContentDigest?)] {
                let error = await #expect(throws: RegistryError.self, "\(tag)") {
                    try await RegistryFixture.fetch(registry, tag: tag, digest: digest, in: folder)
                }
                guard case .wrongDigest = error else { Issue.record("\(tag): \(String(describing: error))"); return }
            }
        }
    }

    @Test("a layer that is cut off is gone on from where it broke")
    func cut() async throws {
        let image = RegistryFixture.image(String(repeating: "kernel", count: 50_000))
        let layer = image.layers[0]
        let broken = Route(Self.blob(layer), layer.bytes).with { ($0.cutAfter, $0.times) = (100_000, 1) }
        try await served([broken] + image.routes(Self.name, tag: "v1")) { registry, server, folder in
            let found = try await RegistryFixture.fetch(registry, in: folder)
            #expect(found["boot/vmlinuz"]?.utf8.count == 300_000)
            let starts = try server.requests(at: Self.blob(layer)).map { $0.headers["range"] != nil }
            #expect(starts == [false, true])
        }
    }

    @Test("bodies without an end are left: a layer's, a manifest's, a token's")
    func endless() async throws {
        let image = RegistryFixture.image()
        let layer = Route(Self.blob(image.layers[0]), image.layers[0].bytes).with { $0.isEndless = true }
        try await served([layer] + image.routes(Self.name, tag: "v1")) { registry, _, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .tooLarge(_, image.layers[0].bytes.count) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try Self.expectEmpty(folder)
        }
        let manifest = MadeImage.route(Self.name, "v1", image.manifest).with { $0.isEndless = true }
        try await served([manifest]) { registry, _, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .tooLarge(_, 4 << 20) = error else { Issue.record("\(String(describing: error))"); return }
        }
        let token = Route("/token", "{").with { $0.isEndless = true }
        try await served([RegistryFixture.wantsToken("/v2/\(Self.name)/manifests/v1"), token]) { registry, _, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .tooLarge = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test("too many requests: asked again after a while, and told where that does not help")
    func tooMany() async throws {
        let busy = Route("/v2/\(Self.name)/manifests/v1").with {
            ($0.status, $0.headers, $0.times) = (429, ["Retry-After": "1"], 1)
        }
        try await served([busy] + RegistryFixture.image().routes(Self.name, tag: "v1")) { registry, _, folder in
            let found = try await RegistryFixture.fetch(registry, in: folder)
            #expect(found == ["boot/vmlinuz": "kernel"])
        }
        let always = busy.with { ($0.headers, $0.times) = (["Retry-After": "3600"], nil) }
        try await served([always]) { registry, server, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .tooManyRequests = error else { Issue.record("\(String(describing: error))"); return }
            #expect(error?.description.contains("3600 s") == true)
            let count = try server.requests.count
            #expect(count == 1)
        }
    }

    @Test("a layer that lies at another host comes from there, and that host does not see the token")
    func redirect() async throws {
        let image = RegistryFixture.image()
        let layer = Self.blob(image.layers[0])
        let routes =
            [
                Route(layer).with {
                    ($0.status, $0.headers) = (307, ["Location": "http://localhost:{port}/store?signed=1"])
                },
                Route("/store", image.layers[0].bytes),
                Route("/token", #"{"token":"t"}"#),
                RegistryFixture.wantsToken("/v2/\(Self.name)/manifests/v1").with { $0.times = 1 },
            ] + image.routes(Self.name, tag: "v1")
        try await served(routes) { registry, server, folder in
            let found = try await RegistryFixture.fetch(registry, in: folder)
            #expect(found == ["boot/vmlinuz": "kernel"])
            #expect(try server.requests(at: layer).map { $0.headers["authorization"] } == ["Bearer t"])
            #expect(try server.requests(at: "/store").map { $0.headers["authorization"] } == [nil])
        }
    }

    @Test("of an index the image for the platform is taken; where there is none, those that there are are told")
    func index() async throws {
        let images = ["arm64", "amd64"].map { RegistryFixture.image("for \($0)", architecture: $0) }
        let routes =
            [MadeImage.route(Self.name, "v1", MadeImage.index(of: images))]
            + images.flatMap { $0.routes(Self.name, tag: "only-\($0.architecture)") }
        try await served(routes) { registry, _, folder in
            for architecture in ["amd64", "arm64"] {
                let platform = ImagePlatform(architecture: architecture)
                let found = try await RegistryFixture.fetch(registry, platform: platform, in: folder)
                #expect(found == ["boot/vmlinuz": "for \(architecture)"])
            }
            let platform = ImagePlatform(architecture: "riscv64")
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, platform: platform, in: folder)
            }
            #expect(error?.description.contains("only for linux/arm64, linux/amd64") == true)
            // Without an index the image's own configuration decides.
            await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, tag: "only-arm64", in: folder)
            }
        }
    }

    @Test("what is no image of a file system is told")
    func notAnImage() async throws {
        let kind = "application/vnd.oci.image.manifest.v1+json"
        let image = RegistryFixture.image()
        let chart = MadeBlob(
            kind,
            Array(
                #"{"schemaVersion":2,"mediaType":"\#(kind)","config":\#(MadeBlob("application/vnd.cncf.helm.config.v1+json", [1]).descriptor),"layers":[]}"#
                    .utf8
            )
        )
        let both = MadeBlob(
            kind,
            Array(
                #"{"schemaVersion":2,"mediaType":"\#(kind)","config":\#(image.config.descriptor),"layers":[],"manifests":[]}"#
                    .utf8
            )
        )
        let manifests = [
            "chart": chart, "both": both,
            "old": MadeBlob("application/json", Array(#"{"schemaVersion":1,"layers":[]}"#.utf8)),
            "nonsense": MadeBlob(kind, Array("<html>".utf8)),
        ]
        // An image that does not say what it is, and that the registry calls an index.
        let quiet = String(decoding: image.manifest.bytes, as: UTF8.self).replacing(
            #""mediaType":"\#(kind)","config""#,
            with: #""config""#
        )
        let routes =
            manifests.map { MadeImage.route(Self.name, $0.key, $0.value) }
            + [MadeImage.route(Self.name, "mixed", MadeBlob(Manifest.indexTypes[0], Array(quiet.utf8)))]
        try await served(routes) { registry, _, folder in
            for tag in ["chart", "both", "old", "nonsense", "mixed"] {
                let error = await #expect(throws: RegistryError.self, "\(tag)") {
                    try await RegistryFixture.fetch(registry, tag: tag, in: folder)
                }
                guard case .notAnImage = error else { Issue.record("\(tag): \(String(describing: error))"); return }
            }
        }
    }

    @Test("a layer that unpacks to more than an image may have is stopped, and leaves nothing")
    func bomb() async throws {
        try await withScratchFolder { scratch in
            let zeros = RegistryFixture.archive(String(repeating: "\0", count: 8 << 20))
            for tool in ["gzip", "zstd"] {
                let image = MadeImage([try await .layer(zeros, packedBy: tool, in: scratch)])
                #expect(image.layers[0].bytes.count < 1 << 20)
                try await served(image.routes(Self.name, tag: "v1")) { registry, _, folder in
                    let limits = ImageLimits(unpacked: 1 << 20)
                    let error = await #expect(throws: RegistryError.self) {
                        try await RegistryFixture.fetch(registry, limits: limits, in: folder)
                    }
                    guard case .tooLarge(_, 1 << 20) = error else {
                        Issue.record("\(String(describing: error))"); return
                    }
                    try Self.expectEmpty(folder)
                    let found = try await RegistryFixture.fetch(registry, in: folder)
                    #expect(found["boot/vmlinuz"]?.utf8.count == 8 << 20)
                }
            }
        }
    }

    @Test("a layer that is no archive, is packed in another way than it says, or climbs, is refused with the reason")
    func unusableLayers() async throws {
        var climbing = TarBuilder()
        climbing.file("../../escaped", "content")
        let layers = [
            MadeBlob.layer(Array(repeating: 1, count: 2000)),
            MadeBlob("application/vnd.oci.image.layer.v1.tar+gzip", RegistryFixture.archive("plain")),
            MadeBlob.layer(climbing.bytes),
        ]
        for layer in layers {
            try await served(MadeImage([layer]).routes(Self.name, tag: "v1")) { registry, _, folder in
                let error = await #expect(throws: RegistryError.self) {
                    try await RegistryFixture.fetch(registry, in: folder)
                }
                guard case .unusableLayer = error else { Issue.record("\(String(describing: error))"); return }
                try Self.expectEmpty(folder)
                #expect(!FileManager.default.fileExists(atPath: folder.appending("escaped").string))
            }
        }
        let foreign = MadeImage([MadeBlob("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", [1])])
        try await served(foreign.routes(Self.name, tag: "v1")) { registry, _, folder in
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(registry, in: folder)
            }
            guard case .unsupportedLayer = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test("a list of tags comes page by page; one without an end, or that goes on elsewhere, is refused")
    func pages() async throws {
        func page(_ tags: String, next: String) -> Route {
            Route("", #"{"name":"\#(Self.name)","tags":[\#(tags)]}"#).with {
                $0.headers = ["Link": "<\(next)>; rel=\"next\""]
            }
        }
        let list = "/v2/\(Self.name)/tags/list"
        let last = Route("\(list)?last=b", #"{"tags":["c","not a tag"]}"#)
        let first = page(#""a","b""#, next: "\(list)?last=b").with { $0.path = list }
        try await served([last, first]) { registry, server, _ in
            let tags = try await registry.tags()
            #expect(tags == ["a", "b", "c"])
            // No more than the registry would give is asked for: Quay answers that with 413.
            #expect(try server.requests.map(\.path) == [list, "\(list)?last=b"])
            // All over one connection.
            let ports = Set(try server.requests.map(\.client))
            #expect(ports.count == 1)
        }
        for next in ["\(list)?last=a", "http://localhost:{port}\(list)?last=b"] {
            try await served([page(#""a""#, next: next).with { $0.path = list }]) { registry, _, _ in
                let error = await #expect(throws: RegistryError.self) { try await registry.tags() }
                guard case .malformed = error else { Issue.record("\(String(describing: error))"); return }
            }
        }
    }
}
