// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage
import TestKernels

/// Something that a registry keeps.
public struct MadeBlob: Sendable {
    public let mediaType: String
    public let bytes: [UInt8]

    public init(_ mediaType: String, _ bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }

    public var digest: String { "sha256:\(ContentDigest(of: bytes))" }

    public var descriptor: String {
        #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(bytes.count)}"#
    }

    /// A layer of an archive.
    public static func layer(_ archive: [UInt8]) -> MadeBlob {
        MadeBlob("application/vnd.oci.image.layer.v1.tar", archive)
    }

    /// A layer of an archive, packed by `gzip` or `zstd`.
    public static func layer(_ archive: [UInt8], packedBy tool: String, in folder: FilePath) async throws -> MadeBlob {
        let plain = folder.appending("layer-\(UUID().uuidString)")
        let packed = FilePath("\(plain).packed")
        try plain.write(archive)
        _ = try await Command(tool, ["-c"]).run(from: plain, to: packed, within: .seconds(60))
        return MadeBlob("application/vnd.oci.image.layer.v1.tar+\(tool)", try packed.contents)
    }
}

/// An image, made on the spot.
public struct MadeImage: Sendable {
    public let config: MadeBlob
    public let layers: [MadeBlob]
    public let manifest: MadeBlob
    public let architecture: String

    public init(_ layers: [MadeBlob], architecture: String = "amd64") {
        self.architecture = architecture
        self.layers = layers
        config = MadeBlob(
            "application/vnd.oci.image.config.v1+json",
            Array(#"{"os":"linux","architecture":"\#(architecture)","rootfs":{"type":"layers","diff_ids":[]}}"#.utf8)
        )
        let kind = "application/vnd.oci.image.manifest.v1+json"
        let list = layers.map(\.descriptor).joined(separator: ",")
        manifest = MadeBlob(
            kind,
            Array(
                #"{"schemaVersion":2,"mediaType":"\#(kind)","config":\#(config.descriptor),"layers":[\#(list)]}"#.utf8
            )
        )
    }

    /// An index of images for several platforms.
    public static func index(of images: [MadeImage]) -> MadeBlob {
        let kind = "application/vnd.oci.image.index.v1+json"
        let entries = images.map { image in
            image.manifest.descriptor.dropLast()
                + #","platform":{"os":"linux","architecture":"\#(image.architecture)"}}"#
        }
        let list = entries.joined(separator: ",")
        return MadeBlob(kind, Array(#"{"schemaVersion":2,"mediaType":"\#(kind)","manifests":[\#(list)]}"#.utf8))
    }

    /// As a registry that says all that it may say would answer for it.
    public func routes(_ repository: String, tag: String) -> [Route] {
        blobRoutes(repository) + [
            Self.route(repository, tag, manifest), Self.route(repository, manifest.digest, manifest),
        ]
    }

    public func blobRoutes(_ repository: String) -> [Route] {
        ([config] + layers).map { Route("/v2/\(repository)/blobs/\($0.digest)", $0.bytes) }
    }

    public static func route(_ repository: String, _ name: String, _ manifest: MadeBlob) -> Route {
        Route("/v2/\(repository)/manifests/\(name)", manifest.bytes).with {
            $0.headers = ["Content-Type": manifest.mediaType, "Docker-Content-Digest": manifest.digest]
        }
    }

    /// Writes images as folders have them (image specification 1.1, "Image Layout"), each under its tag.
    public static func writeLayout(_ images: [(tag: String, image: MadeImage)], to folder: FilePath) throws {
        let blobs = folder.appending("blobs").appending("sha256")
        try FileManager.default.createDirectory(atPath: blobs.string, withIntermediateDirectories: true)
        try folder.appending("oci-layout").write(#"{"imageLayoutVersion":"1.0.0"}"#)
        for blob in images.flatMap({ [$0.image.config, $0.image.manifest] + $0.image.layers }) {
            try blobs.appending(String(blob.digest.dropFirst("sha256:".count))).write(blob.bytes)
        }
        let entries = images.map { tag, image in
            image.manifest.descriptor.dropLast() + #","annotations":{"org.opencontainers.image.ref.name":"\#(tag)"}}"#
        }
        let list = entries.joined(separator: ",")
        try folder.appending("index.json").write(#"{"schemaVersion":2,"manifests":[\#(list)]}"#)
    }
}
