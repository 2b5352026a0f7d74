// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import OCIRegistry

/// A repository of images with kernels in them.
public struct RegistrySource: Sendable, Hashable {
    /// What a source without a name of its own is called: an image that was named in the place of a kernel.
    public static let unnamed = "oci"

    /// By which it is meant in `NAME:6.6`, and told in results.
    public let name: String
    public let repository: ImageRepository

    /// - Parameter address: `quay.io/lvh-images/kernel-images`, also with `oci://` before it.
    public init(name: String, address: String) throws(ImageReferenceError) {
        self.init(name: name, repository: try ImageRepository(address))
    }

    public init(name: String = Self.unnamed, repository: ImageRepository) {
        self.name = name
        self.repository = repository
    }

    /// For people.
    var text: String { name == Self.unnamed ? "\(repository)" : "\(name) (\(repository))" }

    /// What a kernel from here is called in the store. Releases of several repositories without names are told apart.
    func recordName(_ release: String) -> String {
        guard name == Self.unnamed else { return "\(name)-\(release)" }
        let place = ContentDigest(of: Data("\(repository)".utf8)).hexadecimal.prefix(8)
        return "\(name)-\(place)-\(release)"
    }

    /// What brings the image of this manifest again, and no other.
    func reference(to digest: ContentDigest) -> String { "oci://\(repository)@\(digest.ociText)" }
}
