// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Download
import Foundation
import SystemPackage

/// An image for one platform, as its manifest, whose digest has been checked, describes it.
public struct RegistryImage: Sendable, Hashable {
    /// As it was asked for.
    public let reference: ImageReference
    /// Of its own manifest, not of the index that it may have been found in.
    public let digest: ContentDigest
    let layers: [Descriptor]

    /// Bytes that are to be fetched.
    public var size: Int { layers.map(\.size).reduce(0, +) }
}

extension Registry {
    /// Docker itself can't stack more than 127.
    private static let mostLayers = 128
    /// Compressed bytes of all layers together: several times what images of kernels with debugging information have.
    private static let mostBytes = 4 << 30

    /// The image that a tag or digest means on `platform`.
    ///
    /// - Throws: `RegistryError`
    public func image(_ reference: ImageReference, for platform: ImagePlatform) async throws -> RegistryImage {
        let top = try await manifest(reference, as: nil)
        guard case .index(let entries) = top.manifest else { return try await image(top, reference, platform) }
        guard let entry = entries.first(where: { $0.platform == platform }) else {
            let there = entries.compactMap(\.platform).filter { $0.os != "unknown" }
            throw RegistryError.wrongPlatform(reference, wanted: platform, there: there)
        }
        return try await image(try await manifest(reference, as: entry), reference, platform)
    }

    private func image(
        _ found: (manifest: Manifest, digest: ContentDigest),
        _ reference: ImageReference,
        _ platform: ImagePlatform
    ) async throws -> RegistryImage {
        guard case .image(let config, let layers) = found.manifest else {
            throw RegistryError.notAnImage(reference, reason: "it is an index of indexes")
        }
        guard Manifest.configTypes.contains(config.mediaType) else {
            throw RegistryError.notAnImage(reference, reason: "its configuration is of the kind \(config.mediaType)")
        }
        guard layers.count <= Self.mostLayers else {
            throw RegistryError.notAnImage(reference, reason: "it has \(layers.count) layers")
        }
        var total = 0
        for layer in layers {
            guard layer.size <= Self.mostBytes - total else {
                throw RegistryError.tooLarge(what: "\(reference)", limit: Self.mostBytes)
            }
            total += layer.size
        }
        let made = try await self.platform(config, of: reference)
        guard made == platform else {
            throw RegistryError.wrongPlatform(reference, wanted: platform, there: [made])
        }
        return RegistryImage(reference: reference, digest: found.digest, layers: layers)
    }

    /// - Parameter entry: what an index says of the manifest that is meant; nil for what the reference itself means.
    private func manifest(
        _ reference: ImageReference,
        as entry: Descriptor?
    ) async throws -> (manifest: Manifest, digest: ContentDigest) {
        let name = entry?.digest.ociText ?? reference.name
        let what = "the manifest \(name) of \(repository)"
        let answer = try await answer(
            "\(repository.base)/manifests/\(name)",
            what: what,
            accept: Manifest.imageTypes + Manifest.indexTypes,
            limit: Self.manifestLimit
        )
        if answer.status == 404 { throw try await notFound(reference, answer, entry) }
        guard answer.status == 200 else { throw unexpected(answer, what: what) }
        let digest = ContentDigest(of: answer.body)
        // By a tag nothing vouches for the bytes but what the registry says of them in the same breath.
        let announced = answer.headers("docker-content-digest").compactMap { ContentDigest(ociText: $0) }
        for expected in [entry?.digest ?? reference.digest].compactMap({ $0 }) + announced where expected != digest {
            throw RegistryError.wrongDigest(what: what, expected: expected.hexadecimal, found: digest.hexadecimal)
        }
        if let entry, entry.size != answer.body.count {
            throw RegistryError.malformed(what: what, reason: "it has not the size that its index gives")
        }
        do throws(Manifest.Refusal) {
            return (try Manifest(answer.body, contentType: answer.headers("content-type").first), digest)
        } catch {
            throw RegistryError.notAnImage(reference, reason: error.reason)
        }
    }

    private func notFound(
        _ reference: ImageReference,
        _ answer: WebAnswer,
        _ entry: Descriptor?
    ) async throws -> RegistryError {
        if RegistryMessage(answer.body)?.code == "NAME_UNKNOWN" { return .repositoryUnknown(repository) }
        guard entry == nil, reference.digest == nil else {
            let digest = entry?.digest ?? reference.digest
            return .digestUnknown(ImageReference(repository, tag: reference.tag, digest: digest))
        }
        let tags = try await tags()
        return .tagUnknown(
            repository: repository,
            tag: reference.name,
            near: Self.nearest(to: reference.name, among: tags),
            count: tags.count
        )
    }

    /// What the image's configuration says that it is made for.
    private func platform(_ config: Descriptor, of reference: ImageReference) async throws -> ImagePlatform {
        let what = "the configuration of \(reference)"
        guard config.size <= Self.manifestLimit else {
            throw RegistryError.tooLarge(what: what, limit: Self.manifestLimit)
        }
        let bytes = try await withBlob(config, what: what, progress: { _ in }) { path in
            FileManager.default.contents(atPath: path.string) ?? Data()
        }
        struct Content: Decodable {
            let os: String
            let architecture: String
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: bytes) else {
            throw RegistryError.malformed(what: what, reason: "it does not say what the image is made for")
        }
        return ImagePlatform(os: content.os, architecture: content.architecture)
    }

    /// Hands a blob to `body`, whole and with the right digest; afterwards it is gone.
    func withBlob<Result: Sendable>(
        _ blob: Descriptor,
        what: String,
        progress: @Sendable (Int) -> Void,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        func fetch(_ authorization: String?) async throws -> Result {
            let address = "\(repository.base)/blobs/\(blob.digest.ociText)"
            return try await Download(
                request(address, what: what, authorization: authorization),
                sha256: blob.digest,
                size: blob.size,
                folder: downloads,
                patience: Self.patience,
                retries: retries
            ).with(progress: progress, body)
        }
        let known = await access.header
        do {
            do {
                return try await fetch(known)
            } catch DownloadError.answered(_, let refusal) where refusal.status == 401 && refusal.origin == .asked {
                // Tokens live for minutes, and a large image may take longer; what has come is gone on from.
                return try await fetch(try await access.renew(refusal.challenges, after: known))
            }
        } catch let error as DownloadError {
            throw RegistryError(error, repository)
        }
    }

    /// How long another process that fetches the same layer is waited for.
    private static let patience = Duration.seconds(1800)
}
