// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Download
import Foundation
import SystemPackage
import TestKernels
import TestServers
import Testing

@testable import OCIRegistry

/// What tests ask a registry on loopback.
enum RegistryFixture {
    static let name = "test/kernels"
    static let platform = ImagePlatform(architecture: "amd64")
    private static let soon = Retries(tries: 3, firstDelay: .milliseconds(5), longestDelay: .seconds(5))

    /// - Parameter dockerConfig: a folder with Docker's credentials; one that is not there, so that the machine's own do not
    ///   count.
    static func registry(
        port: Int,
        in folder: FilePath,
        dockerConfig: String = "/nonexistent",
        repository: String = name
    ) throws -> Registry {
        let downloads = folder.appending("downloads")
        try FileManager.default.createDirectory(atPath: downloads.string, withIntermediateDirectories: true)
        return Registry(
            try ImageRepository("127.0.0.1:\(port)/\(repository)"),
            downloads: downloads,
            environment: ["DOCKER_CONFIG": dockerConfig, "HOME": "/nonexistent"],
            retries: soon
        )
    }

    /// All files of an image, by path.
    static func fetch(
        _ registry: Registry,
        tag: String = "v1",
        digest: ContentDigest? = nil,
        platform: ImagePlatform = platform,
        limits: ImageLimits = ImageLimits(),
        in folder: FilePath
    ) async throws -> [String: String] {
        let reference = ImageReference(registry.repository, tag: tag, digest: digest)
        let image = try await registry.image(reference, for: platform)
        let work = folder.appending("work-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
        let files = try await registry.files(of: image, into: work, limits: limits) { _ in true }
        var found: [String: String] = [:]
        for path in files.paths {
            found[path] = String(decoding: try FilePath("\(files.folder)/\(path)").contents, as: UTF8.self)
        }
        return found
    }

    /// One layer with one file.
    static func archive(_ text: String, path: String = "boot/vmlinuz") -> [UInt8] {
        var tar = TarBuilder()
        tar.file(path, text)
        return tar.bytes
    }

    static func image(_ text: String = "kernel", architecture: String = "amd64") -> MadeImage {
        MadeImage([.layer(archive(text))], architecture: architecture)
    }

    /// What is left of downloads when all is over.
    static func partials(in folder: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending("downloads").string)
            .filter { $0.hasSuffix(".partial") }
    }

    static func write(_ config: String, to folder: FilePath) throws -> String {
        let docker = folder.appending("docker")
        try FileManager.default.createDirectory(atPath: docker.string, withIntermediateDirectories: true)
        try docker.appending("config.json").write(config)
        return docker.string
    }

    /// What a registry says that lets in only who has a token.
    static func wantsToken(_ path: String, realm: String = "http://127.0.0.1:{port}/token") -> Route {
        Route(path).with {
            $0.status = 401
            $0.headers = [
                "WWW-Authenticate":
                    #"Bearer realm="\#(realm)",service="test, service",scope="repository:\#(name):pull""#
            ]
        }
    }
}
