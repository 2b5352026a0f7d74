// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

extension KernelStore {
    /// Takes in the kernel of an image that was named in the place of a kernel, with what lies beside it. It has one name
    /// as long as it has one path.
    func takeIn(file path: String) async throws -> Kernel {
        let image = Self.absolute(FilePath(path)).lexicallyNormalized()
        guard FileManager.default.fileExists(atPath: image.string) else {
            throw KernelStoreError.notAKernel(path: path, reason: "there is no such file")
        }
        let release = try KernelIntake.image(try BlobStore.read(image), path: image).release
        return try await takeIn(KernelFiles(beside: image, release: release), named: KernelOrigin.file, at: image)
    }

    /// Takes in the kernel that was built in a tree.
    func takeIn(tree path: String) async throws -> Kernel {
        let tree = Self.absolute(FilePath(path)).lexicallyNormalized()
        return try await takeIn(try KernelFiles(builtIn: tree), named: KernelOrigin.tree, at: tree)
    }

    private func takeIn(_ files: KernelFiles, named origin: String, at path: FilePath) async throws -> Kernel {
        let place = ContentDigest(of: Data(path.string.utf8)).hexadecimal.prefix(8)
        return try await takeIn(files, replacing: true) { release in
            KernelCredentials(name: "\(origin)-\(place)-\(release)", origin: origin, source: "\(origin):\(path)")
        }
    }
}
