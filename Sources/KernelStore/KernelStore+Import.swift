// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import OCIRegistry
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
        let archive = Self.absolute(file)
        return try await scratch.with { top in
            let folder = top.appending("set")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
            try await Self.unpack(archive, into: folder, by: top.appending("set.tar"))
            let set = try Self.manifest(in: folder, of: file)
            let here = try kernels()
            for kernel in set.kernels {
                guard Self.makesSense(kernel) else {
                    throw KernelStoreError.unusableSet(path: file.string, reason: "it has a record that makes no sense")
                }
                // A kernel of the user's own is not replaced, and does not replace.
                let same = here.first { $0.name == kernel.name }
                if let same, same.digest != kernel.digest, same.isOwn || kernel.isOwn {
                    throw KernelStoreError.nameTaken(name: kernel.name)
                }
            }
            var imported: [(kernel: Kernel, isNew: Bool)] = []
            for kernel in set.kernels {
                if let known = here.first(where: { $0.name == kernel.name && $0.digest == kernel.digest }) {
                    imported.append((known, false))
                } else {
                    imported.append((try await takeIn(kernel, from: folder, of: file), true))
                }
            }
            return imported
        }
    }

    /// Of a whole set, unpacked: a hundred kernels with their modules.
    private static let setLimit = 4 << 30

    /// - Parameter plain: where the archive lies meanwhile without its compression.
    private static func unpack(_ archive: FilePath, into folder: FilePath, by plain: FilePath) async throws {
        func check(_ result: CommandResult) throws(KernelStoreError) {
            guard result.ending.isSuccess else {
                let reason = result.errorText.isEmpty ? "it unpacks to too much" : result.errorText
                throw .unusableSet(path: archive.string, reason: reason)
            }
        }
        // prlimit becomes the tool, which is killed where a file gets larger.
        try check(
            await Command("zstd", ["-dcq"]).behind("prlimit", ["--fsize=\(setLimit)"])
                .run(from: archive, to: plain, within: transferLimit)
        )
        // tar itself lets nothing be written outside; only plain files are read from what it leaves. Holes make a file large
        // that takes no room in the archive, so here too.
        let form = ["--no-same-owner", "--no-same-permissions"]
        let extraction = ["--extract", "--file", plain.string, "-C", folder.string] + form
        try check(
            await Command("tar", extraction).behind("prlimit", ["--fsize=\(FileLimit.image)"]).run(
                within: transferLimit
            )
        )
        unlink(plain.string)
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

    /// Takes the kernel apart anew, as when it was first taken in: what guests boot and what programs are compiled with is
    /// made from the image here, and not what the file says it is.
    private func takeIn(_ record: Kernel, from folder: FilePath, of file: FilePath) async throws -> Kernel {
        func path(of blob: Blob) throws -> FilePath {
            let path = folder.appending(KernelSet.blobFolder).appending(blob.sha256)
            guard Self.isPlainFile(path) else {
                throw KernelStoreError.unusableSet(path: file.string, reason: "\(record.name) lacks a file in it")
            }
            guard ContentDigest(ofFile: path)?.hexadecimal == blob.sha256 else {
                throw KernelStoreError.refused(
                    what: record.name,
                    reason: "a file of it has another SHA-256 than its name"
                )
            }
            return path
        }
        return try await scratch.with { work in
            let modules = work.appending("modules")
            try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: false)
            for module in record.modules + (record.imageModules ?? []) {
                let bytes = try BlobStore.read(try path(of: module.blob))
                try Data(bytes).write(to: URL(filePath: modules.appending(module.name).string))
            }
            if let archive = record.allModules?.archive {
                try await Self.unpackModules(try path(of: archive), into: modules)
            }
            let files = KernelFiles(
                image: try path(of: record.image),
                config: try record.config.map(path),
                modules: modules,
                btf: record.isBTFExternal ? try record.btf.map(path) : nil
            )
            return try await insert(replacing: true) {
                try await KernelIntake(
                    blobs: blobs,
                    folder: work,
                    expected: record.architecture,
                    hasAllModules: record.allModules != nil
                ).take(files) { release throws(KernelStoreError) in
                    guard release == record.release else {
                        throw .anotherKernel(expected: record.release, found: release)
                    }
                    return KernelCredentials(
                        name: record.name,
                        origin: record.origin,
                        source: record.source,
                        reference: record.reference,
                        version: record.version,
                        imageReleases: record.imageReleases,
                        isWithoutModules: record.isWithoutModules == true
                    )
                }
            }
        }
    }

    /// Names become files' names, and a version decides which line a kernel is taken for.
    private static func makesSense(_ kernel: Kernel) -> Bool {
        let version = KernelVersion(kernel.version)
        return isUsable(kernel.name) && isPlain(kernel.origin)
            && (kernel.modules + (kernel.imageModules ?? [])).allSatisfy { isUsable($0.name) }
            && kernel.delivered.allSatisfy { ContentDigest(hexadecimal: $0.sha256) != nil }
            && isReference(kernel.reference, of: kernel.origin)
            && ([kernel.source, kernel.release] + (kernel.imageReleases ?? [])).allSatisfy(isPrintable)
            && version.text == kernel.version && version.line == KernelVersion(kernel.release).line
    }

    /// Locks fetch by it: it must name one image for good, and none for what came from nowhere.
    private static func isReference(_ text: String?, of origin: String) -> Bool {
        guard let text else { return true }
        guard !KernelOrigin.words.contains(origin), let reference = try? ImageReference(text) else { return false }
        return text == "oci://\(reference.repository)@\(reference.digest?.ociText ?? "")"
    }

    /// It is shown on terminals.
    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { ![.control, .format, .lineSeparator].contains($0.properties.generalCategory) }
    }

    private static func isPlainFile(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
