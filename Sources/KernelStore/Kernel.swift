// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import KernelProfile
import Platform

/// A kernel in the store: what it is, where it came from, and the blobs that it consists of.
public struct Kernel: Codable, Hashable, Sendable {
    /// Unique in the store: `debian-6.1.0-56-cloud-amd64`, or the name that the user gave it.
    public let name: String
    /// `uname -r`.
    public let release: String
    /// Upstream version, `6.1.192`: what people call it.
    public let version: String
    /// The name of the source that had it: `debian`, or another of the configuration's; or `KernelOrigin`'s words.
    public let origin: String
    /// Where it came from, in words.
    public let source: String
    /// What brings the very same again: `oci://host/repository@sha256:…`; nil where its release does, in its source.
    public let reference: String?
    public let architecture: Architecture
    /// bzImage, ELF or arm64's Image, as it was delivered.
    public let image: Blob
    /// What is inside the image, where QEMU can start it without the decompressor: a boot has that much less to do. nil
    /// where it can't, or where the image is that already.
    public let uncompressed: Blob?
    public let config: Blob?
    /// The kernel's type information: `.BTF` of the uncompressed image or, where it was built without, what came beside
    /// it; nil where there is neither.
    public let btf: Blob?
    /// Whether the type information came beside the image: CO-RE can use it, the kernel itself can't.
    public let isBTFExternal: Bool
    /// What the guest must load to reach the host, in that order; empty where it is built in.
    public let modules: [KernelModule]
    /// What a guest loads besides, in that order, to have an image as its root and a folder of the host's; nil in records
    /// from before there were such guests.
    public let imageModules: [KernelModule]?
    /// All of its modules; nil in records from before they were kept.
    public let allModules: ModuleSet?
    public let added: Date
    /// Releases of all kernels in the image out of a registry that this one was taken from; nil where there is none, or in
    /// records from before they were kept.
    public var imageReleases: [String]? = nil
    /// Whether its source has its image and not its modules: archives drop packages one by one.
    public var isWithoutModules: Bool? = nil

    /// What QEMU is given.
    public var bootImage: Blob { uncompressed ?? image }

    /// By this a kernel is known in results: the image's SHA-256.
    public var digest: String { image.sha256 }

    /// The first two numbers of the version: `6.1`.
    public var line: String { KernelVersion(version).line }

    /// By version, and within one by release, whose numbers count as such: Ubuntu's builds of a line have one version.
    func isOlder(than other: Kernel) -> Bool {
        let (left, right) = (KernelVersion(version), KernelVersion(other.version))
        if left != right { return left < right }
        return release.compare(other.release, options: .numeric) == .orderedAscending
    }

    var blobs: [Blob] {
        [image] + [uncompressed, config, btf, allModules?.archive, allModules?.index].compactMap { $0 }
            + (modules + (imageModules ?? [])).map(\.blob)
    }

    /// Whether the record has all that one of today has. One that has not is fetched again.
    public var isComplete: Bool {
        imageModules != nil && (allModules?.isCurrent == true || isWithoutModules == true)
    }
}

/// A module, decompressed.
public struct KernelModule: Codable, Hashable, Sendable {
    /// `virtio_console.ko`
    public let name: String
    public let blob: Blob
}

/// All modules of a kernel, as files, and as what they have for BPF.
public struct ModuleSet: Codable, Hashable, Sendable {
    /// `ModuleIndex.form` of what the index holds.
    let form: UInt32
    /// Of the files that it was made from (`ModuleFiles`); nil where there are none.
    let stamp: String?
    /// SHA-256 of the modules, by which these are told from others on whatever machine; nil where there are none.
    public let contents: String?
    /// A tar archive of `NAME.ko`, decompressed files, as a whole compressed by zstd; nil where the kernel came without modules,
    /// or with too many to be kept.
    let archive: Blob?
    /// `ModuleIndex`, compressed by zstd; there wherever the archive is.
    let index: Blob?

    static let none = ModuleSet(form: ModuleIndex.form, stamp: nil, contents: nil, archive: nil, index: nil)

    var isCurrent: Bool { form == ModuleIndex.form }
}

/// Bytes in the store, known by their digest.
public struct Blob: Codable, Hashable, Sendable {
    /// Hexadecimal.
    public let sha256: String
    /// Bytes.
    public let size: Int

    /// What no bytes have, where the record is damaged.
    public var digest: ContentDigest { ContentDigest(hexadecimal: sha256) ?? ContentDigest(of: Data(sha256.utf8)) }
}

/// Upstream versions in their order: numbers, compared one by one.
public struct KernelVersion: Hashable, Sendable, Comparable {
    public let numbers: [Int]

    /// Reads the leading numbers of `6.12.117-1`, `6.12.117+deb13-cloud-amd64` or `6.12`.
    public init(_ text: String) {
        let leading = text.prefix { $0.isNumber || $0 == "." }
        numbers = leading.split(separator: ".").compactMap { Int($0) }
    }

    /// `6.12`
    public var line: String { numbers.prefix(2).map(String.init).joined(separator: ".") }

    public var text: String { numbers.map(String.init).joined(separator: ".") }

    public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}
