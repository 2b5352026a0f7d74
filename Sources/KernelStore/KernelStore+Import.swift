// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage

extension KernelStore {
    /// Takes in the kernels of a file that `export` has written. Nothing in it is trusted: what is kept has the digest that
    /// it is kept under, and each image is of the kernel that its record names.
    ///
    /// - Returns: the kernels, and whether each had not been here before.
    public func importKernels(from file: FilePath) async throws -> [(kernel: Kernel, isNew: Bool)] {
        guard FileManager.default.isReadableFile(atPath: file.string) else {
            throw KernelStoreError.unusableSet(
                path: file.string,
                reason: "there is no such file, or it may not be read"
            )
        }
        return try await scratch.with { folder in
            // tar itself lets nothing be written outside; only plain files are read from what it leaves.
            let form = ["--no-same-owner", "--no-same-permissions", "--use-compress-program=zstd"]
            let result = try await Command("tar", ["--extract", "--file", file.string, "-C", folder.string] + form)
                .run(within: Self.transferLimit)
            guard result.ending.isSuccess else {
                throw KernelStoreError.unusableSet(path: file.string, reason: result.errorText)
            }
            let set = try Self.manifest(in: folder, of: file)
            let here = try kernels()
            for kernel in set.kernels {
                guard Self.isUsable(kernel.name),
                    kernel.blobs.allSatisfy({ ContentDigest(hexadecimal: $0.sha256) != nil })
                else {
                    throw KernelStoreError.unusableSet(path: file.string, reason: "it has a record that makes no sense")
                }
                if let same = here.first(where: { $0.name == kernel.name }), kernel.isAdded,
                    same.digest != kernel.digest
                {
                    throw KernelStoreError.nameTaken(name: kernel.name)
                }
            }
            var imported: [(kernel: Kernel, isNew: Bool)] = []
            for kernel in set.kernels {
                let isNew = !here.contains { $0.name == kernel.name && $0.digest == kernel.digest }
                if isNew { try await takeIn(kernel, from: folder, of: file) }
                imported.append((kernel, isNew))
            }
            return imported
        }
    }

    private static func manifest(in folder: FilePath, of file: FilePath) throws -> KernelSet {
        let path = folder.appending(KernelSet.manifestName)
        guard isPlainFile(path), let data = FileManager.default.contents(atPath: path.string) else {
            throw KernelStoreError.unusableSet(path: file.string, reason: "it has no \(KernelSet.manifestName)")
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        struct Format: Decodable {
            let format: Int
        }
        guard let format = try? decoder.decode(Format.self, from: data).format, format == KernelSet.format,
            let set = try? decoder.decode(KernelSet.self, from: data)
        else {
            throw KernelStoreError.unusableSet(
                path: file.string,
                reason: "its \(KernelSet.manifestName) is of no known form"
            )
        }
        return set
    }

    private func takeIn(_ kernel: Kernel, from folder: FilePath, of file: FilePath) async throws {
        _ = try await insert(replacing: true) {
            for blob in kernel.blobs {
                let path = folder.appending(KernelSet.blobFolder).appending(blob.sha256)
                guard Self.isPlainFile(path) else {
                    throw KernelStoreError.unusableSet(path: file.string, reason: "\(kernel.name) lacks a file in it")
                }
                let bytes = try BlobStore.read(path)
                guard ContentDigest(of: bytes).hexadecimal == blob.sha256 else {
                    throw KernelStoreError.refused(
                        what: kernel.name,
                        reason: "a file of it has another SHA-256 than its name"
                    )
                }
                if blob == kernel.image {
                    let found = try KernelIntake.image(bytes, path: path).release
                    guard found == kernel.release else {
                        throw KernelStoreError.anotherKernel(expected: kernel.release, found: found)
                    }
                }
                _ = try blobs.add(bytes)
            }
            return kernel
        }
    }

    private static func isPlainFile(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
