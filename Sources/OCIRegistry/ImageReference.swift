// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Download

/// Why a text names no image.
public struct ImageReferenceError: Error, Hashable, CustomStringConvertible {
    public let text: String
    public let reason: String

    public var description: String {
        "'\(text)' names no image: \(reason). Expected oci://host[:port]/repository[:tag][@sha256:…]"
    }
}

/// A repository of images in a registry.
public struct ImageRepository: Sendable, Hashable, CustomStringConvertible {
    /// With its port, if it names one: `quay.io`, `127.0.0.1:5000`.
    public let host: String
    /// `lvh-images/kernel-images`
    public let path: String

    /// Reads `host/path`, with `oci://` before it or without.
    public init(_ text: String) throws(ImageReferenceError) {
        let reference = try ImageReference(text)
        guard reference.tag == nil, reference.digest == nil else {
            throw ImageReferenceError(text: text, reason: "a repository has neither tag nor digest")
        }
        self = reference.repository
    }

    init(host: String, path: String) {
        self.host = host
        self.path = path
    }

    public var description: String { "\(host)/\(path)" }

    /// Without its port.
    private var hostName: Substring {
        if host.hasPrefix("[") { return host.prefix { $0 != "]" } + "]" }
        return host.prefix { $0 != ":" }
    }

    /// Where the registry's interface is. Docker's own registry answers under another name than its images are known by.
    /// Only this machine is spoken to without encryption.
    var base: String {
        let scheme = Loopback.contains(String(hostName)) ? "http" : "https"
        return "\(scheme)://\(host == "docker.io" ? "registry-1.docker.io" : host)/v2/\(path)"
    }
}

/// Which image is meant: a repository, and a tag or a digest in it.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    public let repository: ImageRepository
    public let tag: String?
    /// Of the manifest, or of an index of manifests.
    public let digest: ContentDigest?

    private static let scheme = "oci://"
    /// Most that a repository's path may have: registries' databases and file systems have no more.
    private static let longestPath = 255

    /// - Parameters:
    ///   - tag: one that the repository has said that it has.
    public init(_ repository: ImageRepository, tag: String?, digest: ContentDigest? = nil) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Reads `oci://host[:port]/repository[:tag][@sha256:…]`, also without `oci://`. There is no registry that is meant where
    /// none is named.
    public init(_ text: String) throws(ImageReferenceError) {
        func refused(_ reason: String) -> ImageReferenceError { ImageReferenceError(text: text, reason: reason) }
        var rest = Substring(text)
        if rest.hasPrefix(Self.scheme) { rest = rest.dropFirst(Self.scheme.count) }
        guard !rest.contains("://") else { throw refused("only oci:// is known") }
        if let at = rest.firstIndex(of: "@") {
            guard let digest = ContentDigest(ociText: String(rest[rest.index(after: at)...])) else {
                throw refused("a digest is sha256: and 64 hexadecimal digits in small letters")
            }
            self.digest = digest
            rest = rest[..<at]
        } else {
            digest = nil
        }
        guard let slash = rest.firstIndex(of: "/") else {
            throw refused("it names a registry or a repository, not both")
        }
        let host = String(rest[..<slash])
        var path = rest[rest.index(after: slash)...]
        if let colon = path.lastIndex(of: ":") {
            let tag = String(path[path.index(after: colon)...])
            guard Self.isTag(tag) else { throw refused("'\(tag)' can't be a tag") }
            self.tag = tag
            path = path[..<colon]
        } else {
            tag = nil
        }
        guard Self.isHost(host) else { throw refused("'\(host)' is no registry's host") }
        guard path.count <= Self.longestPath, Self.isPath(path) else {
            throw refused("'\(path)' can't be a repository: small letters, digits, '.', '_', '-' and '/' can")
        }
        repository = ImageRepository(host: host, path: String(path))
    }

    public var description: String {
        repository.description + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0.ociText)" } ?? "")
    }

    /// What stands in an address: the digest, which is the more exact; without either, the usual tag.
    var name: String { digest?.ociText ?? tag ?? "latest" }

    /// Distribution specification 1.1, "Pulling manifests".
    static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return first != UInt8(ascii: ".") && first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { isAlphanumeric($0, capitals: true) || "._-".utf8.contains($0) }
    }

    /// The same place: parts of small letters and digits, with separators only between them.
    private static func isPath(_ text: Substring) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last else { return false }
            guard isAlphanumeric(first), isAlphanumeric(last) else { return false }
            let separators = part.split(whereSeparator: { $0.utf8.allSatisfy { isAlphanumeric($0) } })
            return separators.allSatisfy { $0 == "." || $0 == "_" || $0 == "__" || $0.allSatisfy { $0 == "-" } }
        }
    }

    /// As in a name without registry the first part would be a user's, a host has a dot, a port, or is this machine.
    private static func isHost(_ text: String) -> Bool {
        var name = Substring(text)
        var port: Substring?
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            port = name[name.index(after: colon)...]
            name = name[..<colon]
        }
        if let port {
            guard port.allSatisfy({ ("0"..."9").contains($0) }), let number = UInt16(port), number > 0 else {
                return false
            }
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            return name.count > 2 && name.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        guard port != nil || name.contains(".") || name == "localhost" else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isAlphanumeric($0, capitals: true) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8, capitals: Bool = false) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): capitals
        default: false
        }
    }
}

extension ContentDigest {
    private static let algorithm = "sha256:"

    /// A digest as manifests have them: `sha256:` and 64 digits in small letters (image specification 1.1, "Digests");
    /// nil for anything else, other algorithms among it.
    public init?(ociText text: String) {
        let digits = text.dropFirst(Self.algorithm.count)
        guard text.hasPrefix(Self.algorithm), digits == digits.lowercased() else { return nil }
        self.init(hexadecimal: String(digits))
    }

    public var ociText: String { Self.algorithm + hexadecimal }
}
