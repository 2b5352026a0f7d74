// SPDX-License-Identifier: Apache-2.0

import Foundation
import Platform

/// Where kernels come from that no source of the configuration has. No such source may have one of these names.
public enum KernelOrigin {
    /// Taken in under a name that the user gave it.
    public static let added = "added"
    /// A file that was named in the place of a kernel.
    public static let file = "file"
    /// A kernel tree that was named in the place of a kernel.
    public static let tree = "tree"

    /// All of them.
    public static let words = [added, file, tree]
}

extension Kernel {
    /// The user's own, as opposed to a source's: it may be anything, so a line or a version means it only where nothing else has it.
    public var isOwn: Bool { KernelOrigin.words.contains(origin) }
}

extension Kernel {
    private enum Field: String, CodingKey {
        case name, release, version, origin, source, reference, architecture, image, uncompressed, config, btf
        case isBTFExternal, modules, imageModules, allModules, added, imageReleases
        case isWithoutModules
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        let source = try fields.decode(String.self, forKey: .source)
        // Records from before there were several sources do not name one.
        let origin = try fields.decodeIfPresent(String.self, forKey: .origin)
        self.init(
            name: try fields.decode(String.self, forKey: .name),
            release: try fields.decode(String.self, forKey: .release),
            version: try fields.decode(String.self, forKey: .version),
            origin: origin ?? (source.hasPrefix("added from") ? KernelOrigin.added : PackageArchive.debianName),
            source: source,
            reference: try fields.decodeIfPresent(String.self, forKey: .reference),
            architecture: try fields.decode(Architecture.self, forKey: .architecture),
            image: try fields.decode(Blob.self, forKey: .image),
            uncompressed: try fields.decodeIfPresent(Blob.self, forKey: .uncompressed),
            config: try fields.decodeIfPresent(Blob.self, forKey: .config),
            btf: try fields.decodeIfPresent(Blob.self, forKey: .btf),
            isBTFExternal: try fields.decodeIfPresent(Bool.self, forKey: .isBTFExternal) ?? false,
            modules: try fields.decode([KernelModule].self, forKey: .modules),
            imageModules: try fields.decodeIfPresent([KernelModule].self, forKey: .imageModules),
            allModules: try fields.decodeIfPresent(ModuleSet.self, forKey: .allModules),
            added: try fields.decode(Date.self, forKey: .added),
            imageReleases: try fields.decodeIfPresent([String].self, forKey: .imageReleases),
            isWithoutModules: try fields.decodeIfPresent(Bool.self, forKey: .isWithoutModules)
        )
    }
}
