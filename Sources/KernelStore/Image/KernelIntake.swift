// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ELF
import Foundation
import Platform
import SystemPackage

/// What a kernel is called, and where it came from.
struct KernelCredentials: Sendable {
    /// In the store.
    let name: String
    let origin: String
    let source: String
    var reference: String? = nil
    /// Upstream version, where the release does not begin with it.
    var version: String? = nil
    /// See `Kernel.imageReleases`.
    var imageReleases: [String]? = nil
    /// See `Kernel.isWithoutModules`.
    var isWithoutModules = false
}

/// Takes a kernel apart into what the store keeps: the image, its type information, its configuration, and its modules.
struct KernelIntake {
    let blobs: BlobStore
    /// For intermediate files.
    let folder: FilePath
    /// What the image must be for; nil takes any.
    var expected: Architecture? = nil
    /// Whether the modules that there are are all that the kernel has.
    var hasAllModules = true
    /// Sets that the store has: one of the very same files is not made again.
    var knownModules: [ModuleSet] = []

    private static let decompressionLimit = Duration.seconds(120)

    /// - Parameter credentials: of a kernel of this release.
    func take(
        _ files: KernelFiles,
        _ credentials: (_ release: String) throws -> KernelCredentials
    ) async throws -> Kernel {
        let found = try await self.image(at: files.image)
        let image = found.image
        if let expected, image.architecture != expected {
            throw KernelStoreError.anotherArchitecture(expected: expected, found: image.architecture)
        }
        let credentials = try credentials(image.release)
        let vmlinux = try await uncompressed(image, found.bytes, path: files.image)
        let isStartable = vmlinux != found.delivered && Self.isStartable(vmlinux, as: image)
        let own = try ownTypeInformation(vmlinux, of: image, path: files.image)
        let external = own == nil ? try files.btf.map(externalTypeInformation) : nil
        let modules = try await ModuleIntake(blobs: blobs, folder: folder, types: own ?? external).take(
            below: files.modules,
            known: knownModules
        )
        return Kernel(
            name: credentials.name,
            release: image.release,
            version: credentials.version ?? KernelVersion(image.release).text,
            origin: credentials.origin,
            source: credentials.source,
            reference: credentials.reference,
            architecture: image.architecture,
            image: try blobs.add(found.delivered),
            uncompressed: isStartable ? try blobs.add(vmlinux) : nil,
            config: try files.config.map { path throws(KernelStoreError) in
                try blobs.add(contentsOf: path, limit: FileLimit.configuration)
            },
            btf: own ?? external,
            isBTFExternal: external != nil,
            modules: modules.toReachTheHost,
            imageModules: modules.forImages,
            allModules: hasAllModules && !credentials.isWithoutModules ? modules.all : nil,
            added: Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down)),
            imageReleases: credentials.imageReleases,
            isWithoutModules: credentials.isWithoutModules ? true : nil
        )
    }

    /// A file, and the image that it is or that is inside of it.
    struct FoundImage {
        let delivered: [UInt8]
        /// Of the image: the same, but for an arm64 kernel that was packed.
        let bytes: [UInt8]
        let image: BootImage
    }

    /// - Parameter name: what the file is called in errors, where it is not by its path.
    func image(at file: FilePath, calledAs name: FilePath? = nil) async throws -> FoundImage {
        let path = name ?? file
        let delivered = try BlobStore.read(file, calledAs: name)
        do {
            guard let packed = try PackedArmImage(delivered) else {
                return FoundImage(delivered: delivered, bytes: delivered, image: try BootImage(delivered))
            }
            let (bytes, complaint) = try await unpack(packed.payload, of: delivered, packed.compression)
            guard ArmImage.isOne(bytes[...]) else {
                let reason = "what is packed in it is no arm64 Image" + (complaint.isEmpty ? "" : ": \(complaint)")
                throw KernelStoreError.notAKernel(path: path.string, reason: reason)
            }
            return FoundImage(delivered: delivered, bytes: bytes, image: try BootImage(bytes))
        } catch let refusal as BootImage.Refusal {
            throw KernelStoreError.notAKernel(path: path.string, reason: "\(refusal)")
        }
    }

    /// Whether QEMU starts what was inside the image.
    private static func isStartable(_ vmlinux: [UInt8], as image: BootImage) -> Bool {
        switch image {
        case .armImage: true
        case .bzImage, .elf: hasDirectEntry(vmlinux)
        }
    }

    /// Whether the kernel has the entry point by which QEMU starts an uncompressed one: `XEN_ELFNOTE_PHYS32_ENTRY`, present
    /// with CONFIG_PVH (include/xen/interface/elfnote.h; Xen's docs/misc/pvh.pandoc). A kernel whose notes can't be read
    /// boots all the same, from its image.
    private static func hasDirectEntry(_ vmlinux: [UInt8]) -> Bool {
        let notes = (try? ELFFile(vmlinux).notes) ?? []
        return notes.contains { $0.owner == "Xen" && $0.type == 18 }
    }

    private func uncompressed(_ image: BootImage, _ bytes: [UInt8], path: FilePath) async throws -> [UInt8] {
        guard case .bzImage(let compressed) = image else { return bytes }
        var payload = compressed.payload
        // The build appends the uncompressed size to all but gzip's, which has it anyway (scripts/Makefile.lib).
        if compressed.compression != .gzip, payload.count > 4 {
            payload = payload.lowerBound..<(payload.upperBound - 4)
        }
        let (vmlinux, complaint) = try await unpack(payload, of: bytes, compressed.compression)
        // gzip complains of what follows the payload although all has been unpacked; that it is whole shows here.
        guard (try? ELFFile(vmlinux)) != nil else {
            throw KernelStoreError.notAKernel(
                path: path.string,
                reason: "its payload can't be unpacked: \(complaint)"
            )
        }
        return vmlinux
    }

    /// - Returns: what was unpacked, and what the program that did it complained of.
    private func unpack(
        _ payload: Range<Int>,
        of bytes: [UInt8],
        _ compression: Compression
    ) async throws -> ([UInt8], complaint: String) {
        let packed = folder.appending("payload")
        let unpacked = folder.appending("vmlinux")
        do {
            try Data(bytes[payload]).write(to: URL(filePath: packed.string))
        } catch {
            throw KernelStoreError.storage(path: packed.string, reason: error.localizedDescription)
        }
        let result = try await decompress(compression, packed, to: unpacked, limit: FileLimit.image)
        return (try BlobStore.read(unpacked, limit: FileLimit.image), complaint: result.errorText)
    }

    private func ownTypeInformation(
        _ vmlinux: [UInt8],
        of image: BootImage,
        path: FilePath
    ) throws(KernelStoreError) -> Blob? {
        guard case .armImage = image else { return try typeInformation(vmlinux, path: path) }
        guard let types = EmbeddedTypes.find(in: vmlinux) else { return nil }
        return try blobs.add(Array(types))
    }

    private func typeInformation(_ vmlinux: [UInt8], path: FilePath) throws(KernelStoreError) -> Blob? {
        let contents: ArraySlice<UInt8>
        do throws(ELFError) {
            let file = try ELFFile(vmlinux)
            guard let section = file.section(named: ".BTF") else { return nil }
            contents = try file.contents(of: section)
        } catch {
            throw .notAKernel(path: path.string, reason: "\(error)")
        }
        return try blobs.add(Array(contents))
    }

    /// BTF that comes beside an image: its header is looked at, since nothing else says what the file is.
    private func externalTypeInformation(_ path: FilePath) throws(KernelStoreError) -> Blob {
        let bytes = try BlobStore.read(path)
        let isRaw = !bytes.starts(with: ELFFile.magic)
        if isRaw, bytes.count > FileLimit.typeInformation {
            throw .refused(
                what: path.string,
                reason: "it has \(bytes.count) bytes, and may have \(FileLimit.typeInformation)"
            )
        }
        if bytes.starts(with: ELFFile.magic) {
            if let blob = try typeInformation(bytes, path: path) { return blob }
        } else if bytes.starts(with: Self.btfMagic) {
            return try blobs.add(bytes)
        }
        throw .notTypeInformation(path: path.string)
    }

    /// `BTF_MAGIC`, little-endian (include/uapi/linux/btf.h).
    private static let btfMagic: [UInt8] = [0x9f, 0xeb]

    private func decompress(
        _ compression: Compression,
        _ input: FilePath,
        to output: FilePath,
        limit: Int
    ) async throws -> CommandResult {
        let (tool, arguments) = compression.tool
        do {
            // prlimit becomes the tool, which is killed where it writes more. One byte more shows that there is more.
            return try await Command(tool, arguments).behind("prlimit", ["--fsize=\(limit + 1)"])
                .run(from: input, to: output, within: Self.decompressionLimit)
        } catch let error as CommandError {
            throw KernelStoreError.toolFailed("\(error)")
        }
    }
}
