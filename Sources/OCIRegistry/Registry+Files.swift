// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// How much an image may turn out to be.
public struct ImageLimits: Sendable, Hashable {
    /// Bytes of all layers, unpacked: several times what images of kernels with debugging information have.
    public var unpacked: Int
    /// Files, folders and links of all layers.
    public var entries: Int

    public init(unpacked: Int = 8 << 30, entries: Int = 500_000) {
        self.unpacked = unpacked
        self.entries = entries
    }
}

/// What is happening while an image is fetched.
public enum ImageProgress: Sendable, Hashable {
    /// Bytes of bytes, over all layers.
    case downloading(bytes: Int, of: Int)
    case unpacking
}

extension Registry {
    /// Fetches an image's layers and takes out of them what is wanted.
    ///
    /// - Parameters:
    ///   - folder: private and empty. The files are in it afterwards, below `ImageFiles.folder`.
    ///   - isWanted: asked with a path from the image's root, without a slash before it: `boot/vmlinuz`.
    /// - Throws: `RegistryError`; nothing of an image that was refused may be used.
    public func files(
        of image: RegistryImage,
        into folder: FilePath,
        limits: ImageLimits = ImageLimits(),
        progress: @Sendable (ImageProgress) -> Void = { _ in },
        where isWanted: @escaping @Sendable (String) -> Bool
    ) async throws -> ImageFiles {
        let contents = folder.appending("contents")
        let placed = folder.appending("image")
        try makeFolder(contents)
        try makeFolder(placed)
        var files = LayerFiles(folder: contents, mostEntries: limits.entries, isWanted: isWanted)
        var room = limits.unpacked
        var fetched = 0
        for (number, layer) in image.layers.enumerated() {
            guard let form = LayerForm(mediaType: layer.mediaType) else {
                throw RegistryError.unsupportedLayer(image.reference, mediaType: layer.mediaType)
            }
            let unpacked = folder.appending("layer")
            let before = fetched
            let allowed = room
            let size = try await withBlob(
                layer,
                what: "layer \(number + 1) of \(image.reference)",
                progress: { progress(.downloading(bytes: before + $0, of: image.size)) }
            ) { packed in
                progress(.unpacking)
                return try await refusing(image.reference) {
                    try await form.unpack(packed, to: unpacked, limit: allowed)
                }
            }
            guard let size else {
                throw RegistryError.tooLarge(what: "\(image.reference), unpacked,", limit: limits.unpacked)
            }
            room -= size
            fetched += layer.size
            try await refusing(image.reference) { try files.add(unpacked, layer: number) }
            unlink(unpacked.string)
        }
        return try await refusing(image.reference) { try files.place(below: placed) }
    }

    private func makeFolder(_ path: FilePath) throws(RegistryError) {
        do {
            try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
    }

    /// What reading a layer can run into, as this room's error.
    private func refusing<Result>(
        _ reference: ImageReference,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as LayerFiles.Refusal {
            throw RegistryError.unusableLayer(reference, reason: "\(error)")
        } catch let error as TarError {
            throw RegistryError.unusableLayer(reference, reason: "\(error)")
        } catch let error as CommandError {
            throw RegistryError.toolFailed("\(error)")
        } catch let error as Errno {
            throw RegistryError.storage(path: "a layer of \(reference)", reason: "\(error)")
        }
    }
}
