// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation

/// What an image runs on.
public struct ImagePlatform: Sendable, Hashable, CustomStringConvertible {
    public let os: String
    /// `amd64`, `arm64`
    public let architecture: String

    public init(os: String = "linux", architecture: String) {
        self.os = os
        self.architecture = architecture
    }

    public var description: String { "\(os)/\(architecture)" }
}

/// Something that a registry keeps, and the digest by which it is known (image specification 1.1, "Content Descriptors").
struct Descriptor: Sendable, Hashable {
    let mediaType: String
    let digest: ContentDigest
    /// Bytes.
    let size: Int
    /// nil where it does not say.
    let platform: ImagePlatform?
}

/// A manifest, or an index of manifests, whose digest has been checked.
enum Manifest: Sendable, Hashable {
    case index([Descriptor])
    case image(config: Descriptor, layers: [Descriptor])

    static let imageTypes = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]
    static let indexTypes = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
    static let configTypes = [
        "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
    ]

    /// Why bytes are no manifest.
    struct Refusal: Error, Hashable {
        let reason: String
    }

    /// - Parameter contentType: what the registry calls it; counts where the manifest does not say itself.
    init(_ bytes: [UInt8], contentType: String?) throws(Refusal) {
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)) else {
            throw Refusal(reason: "it is no manifest that can be read")
        }
        guard content.schemaVersion == 2 else { throw Refusal(reason: "it is of a version before Docker's second") }
        let type = content.mediaType ?? contentType.map { String($0.prefix { $0 != ";" }) } ?? ""
        // Two readers must not see two things in the same bytes (distribution's CVE-2021-41190).
        switch (content.manifests, content.config, content.layers) {
        case (let manifests?, nil, nil) where !Self.imageTypes.contains(type):
            // An entry of a kind that is not known here stands for no platform, and is passed over.
            self = .index(manifests.compactMap { try? $0.descriptor() })
        case (nil, let config?, let layers?) where !Self.indexTypes.contains(type):
            self = .image(
                config: try config.descriptor(),
                layers: try layers.map { raw throws(Refusal) in try raw.descriptor() }
            )
        default: throw Refusal(reason: "it is of the kind '\(type)', and not made like one")
        }
    }

    private struct Content: Decodable {
        let schemaVersion: Int
        let mediaType: String?
        let manifests: [RawDescriptor]?
        let config: RawDescriptor?
        let layers: [RawDescriptor]?
    }

    private struct RawDescriptor: Decodable {
        struct Platform: Decodable {
            let os: String
            let architecture: String
        }

        let mediaType: String
        let digest: String
        let size: Int
        let platform: Platform?

        func descriptor() throws(Refusal) -> Descriptor {
            guard let digest = ContentDigest(ociText: digest) else {
                throw Refusal(reason: "it names something by a digest that is not SHA-256")
            }
            guard size >= 0 else { throw Refusal(reason: "it names something of less than no bytes") }
            return Descriptor(
                mediaType: mediaType,
                digest: digest,
                size: size,
                platform: platform.map { ImagePlatform(os: $0.os, architecture: $0.architecture) }
            )
        }
    }
}
