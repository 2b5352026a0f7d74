// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import Platform
import SystemPackage

extension KernelStore {
    /// Takes in the kernel of an image that was named in the place of a kernel, with what lies beside it.
    func takeIn(file path: String, on architecture: Architecture) async throws -> Kernel {
        let image = try Self.existing(path)
        let release = try await scratch.with { folder in
            try await KernelIntake(blobs: blobs, folder: folder).image(at: image).image.release
        }
        let files = KernelFiles(beside: image, release: release)
        return try await takeIn(files, named: KernelOrigin.file, at: image, on: architecture)
    }

    /// Takes in the kernel that was built in a tree.
    func takeIn(tree path: String, on architecture: Architecture) async throws -> Kernel {
        let tree = try Self.existing(path)
        return try await takeIn(try KernelFiles(builtIn: tree), named: KernelOrigin.tree, at: tree, on: architecture)
    }

    /// Whether there is something to be read in the file or the tree; false for any other word.
    public func isThere(_ spec: KernelSpec) -> Bool { Self.source(of: spec) != nil }

    /// What kernels are told to come from that were taken out of this file or tree; nil for any other word.
    static func source(of spec: KernelSpec) -> String? {
        switch spec {
        case .file(let path): (try? existing(path)).map { "\(KernelOrigin.file):\($0)" }
        case .tree(let path): (try? existing(path)).map { "\(KernelOrigin.tree):\($0)" }
        default: nil
        }
    }

    /// Where it really is: `..` behind a symbolic link is not the folder that its text says.
    private static func existing(_ path: String) throws(KernelStoreError) -> FilePath {
        guard let real = realpath(path, nil) else {
            throw .notAKernel(path: path, reason: String(cString: strerror(errno)))
        }
        defer { free(real) }
        return FilePath(String(cString: real))
    }

    /// Records of one file or tree that are kept: a run that began before it was changed goes on with what it had.
    private static let keptStates = 4

    private func takeIn(
        _ files: KernelFiles,
        named origin: String,
        at path: FilePath,
        on architecture: Architecture
    ) async throws -> Kernel {
        let place = ContentDigest(of: Data(path.string.utf8)).hexadecimal.prefix(8)
        let state = (ContentDigest(ofFile: files.image)?.hexadecimal ?? "").prefix(8)
        let source = "\(origin):\(path)"
        let kernel = try await takeIn(files, replacing: true, on: architecture) { release in
            KernelCredentials(name: "\(origin)-\(place)-\(state)-\(release)", origin: origin, source: source)
        }
        let states = try kernels().filter { $0.source == source }.sorted { $0.added < $1.added }
        for old in states.dropLast(Self.keptStates) where old.name != kernel.name { _ = try? await remove(old.name) }
        return kernel
    }
}
