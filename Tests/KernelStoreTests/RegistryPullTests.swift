// SPDX-License-Identifier: Apache-2.0

import Foundation
import OCIRegistry
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import KernelStore

/// Pulling kernels out of images, from Distribution's registry and from one that says what a test wants it to.
@Suite struct RegistryPullTests {
    private static let stranger = ["DOCKER_CONFIG": "/nonexistent", "HOME": "/nonexistent"]

    private static func source(_ port: Int, name: String = "lvh") throws -> RegistrySource {
        try RegistrySource(name: name, address: "127.0.0.1:\(port)/\(KernelImages.repository)")
    }

    private static func pull(_ spec: String, _ store: KernelStore, _ source: RegistrySource) async throws -> Kernel {
        try await store.pull(KernelSpec(spec), from: source, environment: stranger) { _ in }
    }

    private func withImages(
        _ body: @escaping @Sendable (KernelImages, KernelStore, FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let images = try await KernelImages(in: folder)
            try await body(images, try KernelStore(root: folder.appending("store")), folder)
        }
    }

    /// Nothing of what was refused may be left.
    private static func expectEmpty(_ store: KernelStore) throws {
        let kept = try store.kernels()
        #expect(kept.isEmpty)
        for folder in ["blobs", "tmp", "downloads"] {
            let left = try FileManager.default.contentsOfDirectory(atPath: store.root.appending(folder).string)
            #expect(left.allSatisfy { $0.hasSuffix(".lock") }, "\(folder): \(left)")
        }
    }

    @Test("a line becomes its newest image, in Little-VM-Helper's layout, with configuration and modules")
    func littleVMHelper() async throws {
        try await withImages { images, store, folder in
            try await RealRegistry.with(in: folder) { server in
                for (tag, label) in [
                    ("6.6-20240701.123456", "6.6.36"), ("6.6-20240101.000000", "6.6.9"), ("6.6-main", "6.6.40"),
                ] {
                    let image = try await images.littleVMHelper("6.6", label)
                    try await server.push(image, to: KernelImages.repository, tag: tag)
                }
                let source = try Self.source(server.port)
                let kernel = try await Self.pull("6.6", store, source)
                #expect(kernel.name == "lvh-6.6.36")
                #expect(kernel.release == "6.6.36")
                #expect(kernel.origin == "lvh")
                let reference = try #require(kernel.reference)
                #expect(reference.hasPrefix("oci://\(source.repository)@sha256:"))
                let digest = reference.drop { $0 != "@" }.dropFirst()
                #expect(kernel.source == "lvh \(source.repository):6.6-20240701.123456 \(digest)")
                #expect(try store.path(of: kernel.image).contents == images.bytes("6.6.36"))
                let config = try #require(kernel.config)
                #expect(try store.path(of: config).contents == Array("CONFIG_BPF=y\n".utf8))
                #expect(kernel.modules.map(\.name) == ["virtio_pci.ko"])
                #expect(kernel.btf != nil && kernel.isBTFExternal)
                let same = try await Self.pull(reference, store, source)
                #expect(same == kernel)
                let tagged = try await Self.pull("6.6-main", store, source)
                #expect(tagged.release == "6.6.40")
            }
        }
    }

    @Test("a tag that is just a line is that line, in Cilium's layout, with links and modules below /usr")
    func cilium() async throws {
        try await withImages { images, store, folder in
            try await RealRegistry.with(in: folder) { server in
                try await server.push(try await images.cilium("6.6.30"), to: KernelImages.repository, tag: "6.6")
                try await server.push(try await images.cilium("6.9.1"), to: KernelImages.repository, tag: "stable")
                let source = try Self.source(server.port, name: "cilium")
                let kernel = try await Self.pull("latest", store, source)
                #expect(kernel.name == "cilium-6.6.30")
                #expect(kernel.config != nil)
                #expect(kernel.modules.map(\.name) == ["virtio_console.ko"])
                let named = try await Self.pull("stable", store, source)
                #expect(named.release == "6.9.1")
            }
        }
    }

    @Test("an image that the store has is not fetched again, by whatever name it is meant")
    func known() async throws {
        try await withImages { images, store, folder in
            let image = try await images.littleVMHelper("6.6", "6.6.36")
            let list = [(tag: "6.6-20240701.123456", image: image), (tag: "6.6-main", image: image)]
            try await ScriptedServer.with(KernelImages.routes(list), in: folder) { server in
                let source = try Self.source(server.port)
                let kernel = try await Self.pull("6.6", store, source)
                func layers() throws -> Int {
                    let paths = image.layers.map { "/v2/\(KernelImages.repository)/blobs/\($0.digest)" }
                    return try server.requests.filter { paths.contains($0.path) }.count
                }
                #expect(try layers() == 2)
                for spec in ["6.6", "6.6-main", "latest", "6.6.36", "lvh:6.6", try #require(kernel.reference)] {
                    let again = try await Self.pull(spec, store, source)
                    #expect(again == kernel, "\(spec)")
                }
                #expect(try layers() == 2)
                let wrong = await #expect(throws: KernelStoreError.self) {
                    try await Self.pull("6.6.35", store, source)
                }
                guard case .otherKernelInImage = wrong else { Issue.record("\(String(describing: wrong))"); return }
                #expect(try layers() == 2)
            }
        }
    }

    @Test(
        "an image whose kernel is not what was asked for, or what its tag says, is refused, and both are told",
        arguments: [
            ("6.6", "6.6"), ("6.6.30", "6.6.30"), ("latest", "6.6"), ("6.6-main", "6.6"),
        ]
    )
    func otherKernel(spec: String, told: String) async throws {
        try await withImages { images, store, folder in
            let image = try await images.littleVMHelper("6.6", "6.6.30", release: "6.5.3")
            try await ScriptedServer.with(KernelImages.routes([("6.6-main", image)]), in: folder) { server in
                let source = try Self.source(server.port)
                await #expect(
                    throws: KernelStoreError.otherKernelInImage(
                        image: "\(source.repository):6.6-main",
                        asked: told,
                        found: ["6.5.3"]
                    )
                ) {
                    try await Self.pull(spec, store, source)
                }
                try Self.expectEmpty(store)
            }
        }
    }

    @Test("what the repository does not have is told, with what it has")
    func notOffered() async throws {
        try await withImages { images, store, folder in
            let image = try await images.littleVMHelper("6.6", "6.6.30")
            let routes = KernelImages.routes([("6.6-main", image)], alsoListed: ["6.1-main", "bpf-next", "rhel9.6"])
            try await ScriptedServer.with(routes, in: folder) { server in
                let source = try Self.source(server.port)
                let by = "lvh (\(source.repository))"
                for spec in ["5.4", "5.4.1"] {
                    await #expect(throws: KernelStoreError.notOffered(spec: spec, by: by, offered: ["6.1", "6.6"])) {
                        try await Self.pull(spec, store, source)
                    }
                }
                let near = ["6.6-main", "6.1-main", "rhel9.6", "bpf-next"]
                await #expect(throws: KernelStoreError.notOffered(spec: "6.6-old", by: by, offered: near)) {
                    try await Self.pull("6.6-old", store, source)
                }
                let available = try await store.available(from: source, environment: Self.stranger)
                #expect(available.map(\.line) == ["6.1", "6.6"])
                #expect(available.map(\.release) == ["6.1-main", "6.6-main"])
            }
        }
    }

    @Test("an image without a kernel is told with what it has; of several kernels the one that is meant is taken")
    func kernelsInAnImage() async throws {
        try await withImages { images, store, folder in
            let several = images.image([
                ("boot/vmlinuz-6.6.30", images.bytes("6.6.30")), ("boot/vmlinuz-6.1.90", images.bytes("6.1.90")),
                ("boot/config-6.6.30", Array("new".utf8)), ("boot/config-6.1.90", Array("old".utf8)),
                ("lib/modules/6.1.90/virtio_pci.ko", Array("old".utf8)),
            ])
            let routes = KernelImages.routes([
                ("none", images.image([("etc/passwd", []), ("usr/bin/tool", [])])),
                ("broken", images.image([("boot/vmlinuz", Array("no kernel".utf8))])),
                ("several", several), ("6.1", several), ("6.6", several),
            ])
            try await ScriptedServer.with(routes, in: folder) { server in
                let source = try Self.source(server.port)
                func reason(_ spec: String) async -> String {
                    let error = await #expect(throws: KernelStoreError.self) {
                        try await Self.pull(spec, store, source)
                    }
                    return error?.description ?? ""
                }
                #expect(await reason("none").contains("What it has: etc/passwd, usr/bin"))
                #expect(await reason("broken").contains("neither a bzImage nor an ELF file"))
                #expect(await reason("several").contains("6.1.90, 6.6.30"))
                try Self.expectEmpty(store)
                let kernel = try await Self.pull("6.1", store, source)
                #expect(kernel.release == "6.1.90")
                let config = try #require(kernel.config)
                #expect(try store.path(of: config).contents == Array("old".utf8))
                #expect(kernel.modules.count == 1)
                let reference = try #require(kernel.reference)
                // That one of them is here makes no difference to what is meant.
                #expect(await reason("several").contains("6.1.90, 6.6.30"))
                #expect(await reason(reference).contains("6.1.90, 6.6.30"))
                let other = try await Self.pull("6.6", store, source)
                #expect(other.release == "6.6.30" && other.reference == reference)
                let again = try await Self.pull("6.1", store, source)
                #expect(again == kernel)
            }
        }
    }

    @Test(
        "builds of one version in an image are not chosen from: they are told, in their order",
        arguments: ["6.6", "6.6.30", "multi"]
    )
    func buildsOfOneVersion(spec: String) async throws {
        try await withImages { images, store, folder in
            let builds = ["6.6.30", "6.6.30-aa", "6.6.30-debug"]
            let image = images.image((["6.6.9"] + builds).map { ("boot/vmlinuz-\($0)", images.bytes($0)) })
            let multi = images.image(builds.map { ("boot/vmlinuz-\($0)", images.bytes($0)) })
            let routes = KernelImages.routes([("6.6", image), ("multi", multi)])
            try await ScriptedServer.with(routes, in: folder) { server in
                let source = try Self.source(server.port)
                let error = await #expect(throws: KernelStoreError.self) { try await Self.pull(spec, store, source) }
                #expect("\(String(describing: error))".contains(": 6.6.30, 6.6.30-aa, 6.6.30-debug"))
                try Self.expectEmpty(store)
            }
        }
    }

    @Test("an image with more kernels than anybody publishes is refused before they are looked at")
    func crowd() async throws {
        try await withImages { images, store, folder in
            let image = images.image((0...32).map { ("boot/vmlinuz-6.6.\($0)", images.bytes("6.6.\($0)")) })
            try await ScriptedServer.with(KernelImages.routes([("6.6", image)]), in: folder) { server in
                let source = try Self.source(server.port)
                let error = await #expect(throws: KernelStoreError.self) { try await Self.pull("6.6", store, source) }
                guard case .refused? = error else { Issue.record("\(String(describing: error))"); return }
                try Self.expectEmpty(store)
            }
        }
    }

    @Test("a release that is no name writes nothing anywhere", arguments: ["../../../escaped", "6.6/../../x"])
    func hostileRelease(release: String) async throws {
        try await withImages { images, store, folder in
            let image = images.image([("boot/vmlinuz", images.bytes(release))])
            try await ScriptedServer.with(KernelImages.routes([("bpf-next", image)]), in: folder) { server in
                let source = try Self.source(server.port)
                await #expect(throws: KernelStoreError.unusableName("lvh-\(release)")) {
                    try await Self.pull("bpf-next", store, source)
                }
                try Self.expectEmpty(store)
                let written = FileManager.default.enumerator(atPath: folder.string)?.compactMap { $0 as? String } ?? []
                #expect(!written.contains { $0.hasSuffix(".json") && !$0.hasPrefix("routes-") }, "\(written)")
            }
        }
    }

    @Test("a kernel of the user's own is not replaced by one out of an image")
    func ownKernel() async throws {
        try await withImages { images, store, folder in
            let own = folder.appending("own")
            try own.write(images.bytes("6.6.30"))
            let added = try await store.add("lvh-6.6.30", image: own)
            let image = try await images.littleVMHelper("6.6", "6.6.30")
            try await ScriptedServer.with(KernelImages.routes([("6.6", image)]), in: folder) { server in
                let source = try Self.source(server.port)
                await #expect(throws: KernelStoreError.nameTaken(name: "lvh-6.6.30")) {
                    try await Self.pull("6.6", store, source)
                }
                #expect(try store.kernels() == [added])
            }
        }
    }

    @Test("a registry that can't be asked is told as that, so that others can be")
    func unreachable() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let wantsLogin = Route("/v2/\(KernelImages.repository)/tags/list").with {
                ($0.status, $0.headers) = (401, ["WWW-Authenticate": "Basic realm=here"])
            }
            try await ScriptedServer.with([wantsLogin], in: folder) { server in
                let source = try Self.source(server.port)
                let login = RegistryError.loginNeeded(source.repository, .noCredentials)
                await #expect(throws: KernelStoreError.registry(login)) { try await Self.pull("6.6", store, source) }
                #expect(login.isUnavailability)
            }
        }
    }
}
