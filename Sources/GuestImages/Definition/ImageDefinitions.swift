// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// What is in an `images.json`: Little-VM-Helper's format, an array of images with packages and actions.
///
/// It is given by the project's owner, like everything that it names on this machine: its commands run in the image, with
/// the network, and files that it copies in are read from wherever it says.
public struct ImageDefinitions: Sendable, Hashable {
    /// In the order in which they were written.
    public let images: [ImageDefinition]
    /// The folder that paths on this machine are relative to.
    public let folder: FilePath
    /// The file's name, for messages.
    let file: String

    public static let usualName = "images.json"

    /// No definition that people write comes near it.
    private static let limit = 4 << 20

    /// Reads a file.
    ///
    /// - Throws: `GuestImageError.unreadable`, and what decoding throws.
    public init(reading path: FilePath) throws(GuestImageError) {
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path.string))
            data = try handle.read(upToCount: Self.limit + 1) ?? Data()
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
        guard data.count <= Self.limit else {
            throw .unreadable(path: path.string, reason: "it has more than \(Self.limit) bytes")
        }
        let folder = path.removingLastComponent()
        try self.init(decoding: data, folder: folder.isEmpty ? "." : folder, file: path.lastComponent?.string ?? "")
    }

    /// - Throws: `GuestImageError.badDefinition`, with the place: an unknown key, a wrong type, an unknown parent, parents
    ///   in a circle, a name twice, a bad size.
    public init(
        decoding data: Data,
        folder: FilePath,
        file: String = ImageDefinitions.usualName
    ) throws(GuestImageError) {
        self.folder = folder
        self.file = file
        images = try DefinitionReader(file: file).images(in: data)
    }

    /// - Throws: `GuestImageError.unknownImage`.
    func resolved(_ name: String) throws(GuestImageError) -> ResolvedDefinition {
        var chain: [ImageDefinition] = []
        var next: String? = name
        // Reading has made sure that parents exist and that they end.
        while let current = next {
            guard let definition = images.first(where: { $0.name == current }) else {
                throw .unknownImage(name: current, file: file, there: images.map(\.name))
            }
            chain.insert(definition, at: 0)
            next = definition.parent
        }
        return ResolvedDefinition(name: name, chain: chain)
    }

    /// Where a path of a definition is on this machine.
    func hostPath(_ path: String) -> FilePath {
        folder.pushing(FilePath(path)).lexicallyNormalized()
    }
}
