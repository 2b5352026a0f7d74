// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import OCIRegistry

/// Against Distribution's own registry, filled by skopeo and umoci.
@Suite struct RealRegistryTests {
    private func withRegistry(
        wantsLogin: Bool = false,
        _ body: @escaping @Sendable (RealRegistry, FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            try await RealRegistry.with(in: folder, wantsLogin: wantsLogin) { try await body($0, folder) }
        }
    }

    @Test("an image of layers packed in every way comes whole, in OCI's and Docker's kinds")
    func everyForm() async throws {
        try await withRegistry { server, folder in
            let gzip = try await MadeBlob.layer(RegistryFixture.archive("1", path: "one"), packedBy: "gzip", in: folder)
            let zstd = try await MadeBlob.layer(RegistryFixture.archive("2", path: "two"), packedBy: "zstd", in: folder)
            let plain = MadeBlob.layer(RegistryFixture.archive("3", path: "three"))
            try await server.push(MadeImage([gzip, zstd, plain]), to: RegistryFixture.name, tag: "v1")
            try await server.push(MadeImage([gzip]), to: RegistryFixture.name, tag: "docker", isDockers: true)
            let registry = try RegistryFixture.registry(port: server.port, in: folder)
            let all = try await RegistryFixture.fetch(registry, in: folder)
            #expect(all == ["one": "1", "two": "2", "three": "3"])
            let dockers = try await RegistryFixture.fetch(registry, tag: "docker", in: folder)
            #expect(dockers == ["one": "1"])
            let left = try RegistryFixture.partials(in: folder)
            #expect(left.isEmpty)
        }
    }

    @Test("an image that umoci has made, with a file removed in its second layer, is read as umoci reads it")
    func umoci() async throws {
        try await withRegistry { server, folder in
            let layout = folder.appending("umoci")
            let rootfs = folder.appending("rootfs")
            try FileManager.default.createDirectory(atPath: rootfs.string, withIntermediateDirectories: true)
            let long = String(repeating: "long-", count: 30)
            try rootfs.appending("vmlinuz").write("kernel")
            try rootfs.appending(long).write("name")
            try rootfs.appending("old").write("removed")
            try FileManager.default.createSymbolicLink(
                atPath: rootfs.appending("link").string,
                withDestinationPath: "vmlinuz"
            )
            func run(_ arguments: String...) async throws {
                let result = try await Command("umoci", arguments).run(within: .seconds(60))
                #expect(result.ending.isSuccess, "\(result.errorText)")
            }
            try await run("init", "--layout", layout.string)
            try await run("new", "--image", "\(layout):v1")
            try await run("insert", "--rootless", "--image", "\(layout):v1", rootfs.string, "/boot")
            try await run("insert", "--rootless", "--image", "\(layout):v1", "--whiteout", "/boot/old")
            try await server.push(layout: layout, of: "v1", to: RegistryFixture.name, tag: "v1")
            let registry = try RegistryFixture.registry(port: server.port, in: folder)
            let found = try await RegistryFixture.fetch(registry, in: folder)
            #expect(found == ["boot/vmlinuz": "kernel", "boot/\(long)": "name", "boot/link": "kernel"])
        }
    }

    @Test("a manifest is found by tag and by digest; what is not there is told, with what is")
    func unknown() async throws {
        try await withRegistry { server, folder in
            let image = RegistryFixture.image()
            for tag in ["6.6-20240101.000000", "6.6-main", "bpf-next"] {
                try await server.push(image, to: RegistryFixture.name, tag: tag)
            }
            let registry = try RegistryFixture.registry(port: server.port, in: folder)
            #expect(Set(try await registry.tags()) == ["6.6-20240101.000000", "6.6-main", "bpf-next"])
            let digest = ContentDigest(of: image.manifest.bytes)
            let found = try await registry.image(
                ImageReference(registry.repository, tag: nil, digest: digest),
                for: RegistryFixture.platform
            )
            #expect(found.digest == digest)
            await #expect(
                throws: RegistryError.tagUnknown(
                    repository: registry.repository,
                    tag: "6.6-20240201.000000",
                    near: ["6.6-20240101.000000", "6.6-main", "bpf-next"],
                    count: 3
                )
            ) {
                try await RegistryFixture.fetch(registry, tag: "6.6-20240201.000000", in: folder)
            }
            let missing = ContentDigest(of: [1])
            await #expect(
                throws: RegistryError.digestUnknown(ImageReference(registry.repository, tag: nil, digest: missing))
            ) {
                let reference = ImageReference(registry.repository, tag: nil, digest: missing)
                _ = try await registry.image(reference, for: RegistryFixture.platform)
            }
            let other = try RegistryFixture.registry(port: server.port, in: folder, repository: "test/nothing")
            await #expect(throws: RegistryError.repositoryUnknown(other.repository)) { try await other.tags() }
            await #expect(throws: RegistryError.repositoryUnknown(other.repository)) {
                try await RegistryFixture.fetch(other, in: folder)
            }
        }
    }

    @Test("a registry that wants a login says how; with Docker's credentials it lets in")
    func login() async throws {
        try await withRegistry(wantsLogin: true) { server, folder in
            try await server.push(RegistryFixture.image(), to: RegistryFixture.name, tag: "v1", login: true)
            let stranger = try RegistryFixture.registry(port: server.port, in: folder)
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryFixture.fetch(stranger, in: folder)
            }
            #expect(error == .loginNeeded(stranger.repository, .noCredentials))
            #expect(error?.description.contains("docker login 127.0.0.1:\(server.port)") == true)

            func registry(password: String) throws -> Registry {
                let secret = Data("\(RealRegistry.user):\(password)".utf8).base64EncodedString()
                let config = try RegistryFixture.write(
                    #"{"auths":{"https://127.0.0.1:\#(server.port)/v1/":{"auth":"\#(secret)"}}}"#,
                    to: folder
                )
                return try RegistryFixture.registry(port: server.port, in: folder, dockerConfig: config)
            }
            let known = try registry(password: RealRegistry.password)
            let found = try await RegistryFixture.fetch(known, in: folder)
            #expect(found == ["boot/vmlinuz": "kernel"])
            let wrong = try registry(password: "wrong")
            await #expect(throws: RegistryError.loginNeeded(wrong.repository, .refused)) { try await wrong.tags() }
        }
    }
}
