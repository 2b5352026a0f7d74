// SPDX-License-Identifier: Apache-2.0

import Foundation
import Platform
import SystemPackage

extension KernelStore {
    /// Takes in a kernel of the user's own.
    ///
    /// - Parameters:
    ///   - image: a bzImage, an uncompressed ELF kernel, or arm64's Image, plain, gzip'd or EFI's zboot.
    ///   - modules: a folder with the kernel's modules below it; needed where virtio is not built in.
    ///   - btf: type information for an image without its own: raw, or an ELF file with a `.BTF` section.
    public func add(
        _ name: String,
        image: FilePath,
        modules: FilePath? = nil,
        config: FilePath? = nil,
        btf: FilePath? = nil
    ) async throws -> Kernel {
        guard Self.isUsable(name) else { throw KernelStoreError.unusableName(name) }
        let files = KernelFiles(image: image, config: config, modules: modules, btf: btf)
        return try await takeIn(files, replacing: false) { _ in
            KernelCredentials(name: name, origin: KernelOrigin.added, source: "added from \(image)")
        }
    }

    /// Takes in what was built in a kernel tree.
    public func add(_ name: String, tree: FilePath, btf: FilePath? = nil) async throws -> Kernel {
        guard Self.isUsable(name) else { throw KernelStoreError.unusableName(name) }
        var files = try KernelFiles(builtIn: tree)
        files.btf = btf
        return try await takeIn(files, replacing: false) { _ in
            KernelCredentials(name: name, origin: KernelOrigin.added, source: "added from tree \(tree)")
        }
    }

    /// Takes in files of the user's own.
    func takeIn(
        _ files: KernelFiles,
        replacing: Bool,
        on architecture: Architecture? = nil,
        _ credentials: @Sendable (_ release: String) -> KernelCredentials
    ) async throws -> Kernel {
        for path in [files.image, files.modules, files.config, files.btf].compactMap({ $0 }) {
            guard FileManager.default.fileExists(atPath: path.string) else {
                throw KernelStoreError.notAKernel(path: path.string, reason: "there is no such file")
            }
        }
        return try await scratch.with { folder in
            try await insert(replacing: replacing) {
                try await KernelIntake(
                    blobs: blobs,
                    folder: folder,
                    expected: architecture,
                    knownModules: moduleSets
                ).take(files, credentials)
            }
        }
    }

    /// A name is also a file's name, and must not be taken for a line or a version.
    static func isUsable(_ name: String) -> Bool {
        guard case .named = KernelSpec(name) else { return false }
        return isPlain(name)
    }

    /// Whether it can be a file's name, and be told apart from options and hidden files.
    static func isPlain(_ name: String) -> Bool {
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._+-".contains($0)) }
        return isPlain && name.first != "." && name.first != "-" && !name.isEmpty
    }
}
