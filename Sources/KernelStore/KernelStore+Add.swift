// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

extension KernelStore {
    /// Takes in a kernel of the user's own.
    ///
    /// - Parameters:
    ///   - image: a bzImage or an uncompressed ELF kernel.
    ///   - modules: a folder with the kernel's modules below it; needed where virtio is not built in.
    public func add(_ name: String, image: FilePath, modules: FilePath?, config: FilePath?) async throws -> Kernel {
        guard Self.isUsable(name) else { throw KernelStoreError.unusableName(name) }
        for path in [image, modules, config].compactMap({ $0 }) {
            guard FileManager.default.fileExists(atPath: path.string) else {
                throw KernelStoreError.notAKernel(path: path.string, reason: "there is no such file")
            }
        }
        return try await scratch.with { folder in
            try await insert(replacing: false) {
                try await KernelIntake(blobs: blobs, folder: folder).take(
                    KernelFiles(image: image, config: config, modules: modules),
                    name: { _ in name },
                    version: nil,
                    source: "\(Kernel.addedSource) \(image)"
                )
            }
        }
    }

    /// A name is also a file's name, and must not be taken for a line or a version.
    static func isUsable(_ name: String) -> Bool {
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._+-".contains($0)) }
        guard case .named = KernelSpec(name) else { return false }
        return isPlain && name.first != "." && name.first != "-" && !name.isEmpty
    }
}
