// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// How a layer is packed, by its media type (image specification 1.1, "Image Layer Filesystem Changeset"; Docker's manifest
/// specification, version 2).
enum LayerForm: Hashable {
    case plain
    case gzip
    case zstd

    init?(mediaType: String) {
        let known = [
            "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar",
        ]
        guard let start = known.first(where: mediaType.hasPrefix) else { return nil }
        switch mediaType.dropFirst(start.count) {
        case "": self = .plain
        case "+gzip", ".gzip": self = .gzip
        case "+zstd", ".zstd": self = .zstd
        default: return nil
        }
    }

    private static let time = Duration.seconds(600)

    private var tool: String? {
        switch self {
        case .plain: nil
        case .gzip: "gzip"
        case .zstd: "zstd"
        }
    }

    /// Unpacks a layer, and stops it when it turns out to be larger than it may.
    ///
    /// - Returns: its size; nil where it is larger than `limit` bytes.
    func unpack(_ packed: FilePath, to target: FilePath, limit: Int) async throws -> Int? {
        guard let tool else {
            guard try Self.size(of: packed) <= limit else { return nil }
            // Another name is enough, where both are on one file system.
            if link(packed.string, target.string) != 0 {
                try FileManager.default.copyItem(atPath: packed.string, toPath: target.string)
            }
            return try Self.size(of: target)
        }
        // The kernel stops it at one byte more than is allowed, which is how it is known that there are more.
        let result = try await Command(tool, ["-dc"]).behind("prlimit", ["--fsize=\(limit + 1)"])
            .run(from: packed, to: target, within: Self.time)
        let size = try Self.size(of: target)
        guard size <= limit else { return nil }
        guard result.ending.isSuccess else {
            throw LayerFiles.Refusal(
                description: "a layer can't be unpacked: \(tool): \(result.ending) \(result.errorText)"
            )
        }
        return size
    }

    private static func size(of path: FilePath) throws -> Int {
        let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        return try file.closeAfter { Int(try file.seek(offset: 0, from: .end)) }
    }
}
