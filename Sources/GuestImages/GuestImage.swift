// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// How an image lies on the disk.
public enum ImageFormat: String, Sendable, Hashable, Codable, CaseIterable {
    /// An ext4 file system and nothing else: no partition table. Sparse.
    case raw
    /// The same in QEMU's own format.
    case qcow2

    /// What Little-VM-Helper makes of an image with that name: it goes by the ending.
    public init(named name: String) {
        self = name.hasSuffix(".qcow2") ? .qcow2 : .raw
    }
}

/// An image that was built: a file system for a guest whose kernel comes from outside.
public struct GuestImage: Sendable, Hashable {
    public let name: String
    /// The image file. Nobody may write to it: guests get it read-only, or with what they write elsewhere.
    public let path: FilePath
    public let format: ImageFormat
    /// SHA-256 of all that the image was made from: definition, files, base system. Hexadecimal.
    public let digest: String
    /// SHA-256 of the image file. Hexadecimal.
    public let sha256: String
    /// The file's length in bytes; a sparse one takes less of the disk.
    public let size: Int
    public let created: Date
    public let suite: String
    /// Packages and their versions, as dpkg in the image has them, by name.
    public let packages: [String: String]

    /// What its folder in the store is called.
    var folderName: String { Self.folderName(name, digest: digest) }

    static func folderName(_ name: String, digest: String) -> String { "\(name)-\(digest.prefix(12))" }
}

/// What is written down beside an image.
struct ImageRecord: Codable {
    static let fileName = "image.json"

    let name: String
    let format: ImageFormat
    let digest: String
    let sha256: String
    let size: Int
    let created: Date
    let suite: String
    let packages: [String: String]

    var imageFile: String { "image.\(format.rawValue)" }

    func image(in folder: FilePath) -> GuestImage {
        GuestImage(
            name: name,
            path: folder.appending(imageFile),
            format: format,
            digest: digest,
            sha256: sha256,
            size: size,
            created: created,
            suite: suite,
            packages: packages
        )
    }

    static func read(in folder: FilePath) throws(GuestImageError) -> ImageRecord? {
        let path = folder.appending(fileName)
        guard let data = FileManager.default.contents(atPath: path.string) else { return nil }
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            return try decoder.decode(ImageRecord.self, from: data)
        } catch {
            throw .damaged(path: path.string, reason: "it is no record of an image")
        }
    }

    func write(in folder: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        try encoder.encode(self).write(to: URL(filePath: folder.appending(Self.fileName).string))
    }
}
