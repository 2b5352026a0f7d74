// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import Platform
import SystemPackage

extension KernelStore {
    /// Takes in the kernel of an image that was named in the place of a kernel, with what lies beside it. It has one name
    /// as long as it has one path.
    func takeIn(file path: String, on architecture: Architecture) async throws -> Kernel {
        let image = Self.absolute(FilePath(path)).lexicallyNormalized()
        guard FileManager.default.fileExists(atPath: image.string) else {
            throw KernelStoreError.notAKernel(path: path, reason: "there is no such file")
        }
        let release = try await scratch.with { folder in
            try await KernelIntake(blobs: blobs, folder: folder).image(at: image).image.release
        }
        let files = KernelFiles(beside: image, release: release)
        return try await takeIn(files, named: KernelOrigin.file, at: image, on: architecture)
    }

    /// Takes in the kernel that was built in a tree.
    func takeIn(tree path: String, on architecture: Architecture) async throws -> Kernel {
        let tree = Self.absolute(FilePath(path)).lexicallyNormalized()
        return try await takeIn(try KernelFiles(builtIn: tree), named: KernelOrigin.tree, at: tree, on: architecture)
    }

    private func takeIn(
        _ files: KernelFiles,
        named origin: String,
        at path: FilePath,
        on architecture: Architecture
    ) async throws -> Kernel {
        let place = ContentDigest(of: Data(path.string.utf8)).hexadecimal.prefix(8)
        return try await takeIn(files, replacing: true, on: architecture) { release in
            KernelCredentials(name: "\(origin)-\(place)-\(release)", origin: origin, source: "\(origin):\(path)")
        }
    }
}
