// SPDX-License-Identifier: Apache-2.0

import OCIRegistry

/// Which kernel a user means.
public indirect enum KernelSpec: Hashable, Sendable, CustomStringConvertible {
    /// The newest of a line: `6.1`.
    case line(String)
    /// One upstream version: `6.1.192`.
    case version(String)
    /// The newest of all: `latest`.
    case latest
    /// The newest of the newest line with long support: `lts`.
    case longTerm
    /// The newest of the newest of these lines.
    case newest(ofLines: [String])
    /// A release as `uname -r` says it, the name of a kernel in the store, or what only its source understands.
    case named(String)
    /// One of a certain source: `lvh:6.6`, `debian:12`.
    case from(source: String, KernelSpec)
    /// An image in a registry: `oci://host/repository:tag`, or `…@sha256:…`.
    case image(String)
    /// A kernel's image: `file:/boot/vmlinuz`.
    case file(String)
    /// A kernel tree, or the folder that one was built into: `tree:/src/linux`.
    case tree(String)

    public init(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = !parts.isEmpty && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
        switch (isNumeric, parts.count, text) {
        case (true, 2, _): self = .line(text)
        case (true, 3, _): self = .version(text)
        case (_, _, "latest"): self = .latest
        case (_, _, "lts"): self = .longTerm
        case (_, _, let text) where text.hasPrefix("oci://"): self = .image(text)
        default:
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            switch (parts.first, parts.count) {
            case ("file", 2): self = .file(parts[1])
            case ("tree", 2): self = .tree(parts[1])
            case (let source?, 2): self = .from(source: source, KernelSpec(parts[1]))
            default: self = .named(text)
            }
        }
    }

    public var description: String {
        switch self {
        case .line(let text), .version(let text), .named(let text), .image(let text): text
        case .latest: "latest"
        case .longTerm: "lts"
        case .newest(let lines): "the newest of \(lines.joined(separator: ", "))"
        case .from(let source, let spec): "\(source):\(spec)"
        case .file(let path): "file:\(path)"
        case .tree(let path): "tree:\(path)"
        }
    }

    /// Whether it may mean another kernel tomorrow.
    public var isMoving: Bool {
        switch self {
        case .line, .latest, .longTerm, .newest, .file, .tree: true
        case .version, .named: false
        // A digest stays what it is, a tag does not.
        case .image(let reference): !reference.contains("@")
        case .from(_, let spec): spec.isMoving
        }
    }

    /// Whether the store can't say which kernel is meant: what is the newest of all, only the sources know.
    public var isOnlyKnownToSources: Bool {
        switch self {
        case .latest, .longTerm, .newest, .file, .tree: true
        case .from(_, let spec): spec.isOnlyKnownToSources
        case .image: isMoving
        case .line, .version, .named: false
        }
    }

    /// Whether two references are to one image, of whatever tag; a reference without a digest is to none for certain.
    private static func isSame(_ asked: String, _ known: String?) -> Bool {
        guard let known, let left = try? ImageReference(asked), let right = try? ImageReference(known) else {
            return false
        }
        return left.digest != nil && left.digest == right.digest && left.repository == right.repository
    }

    /// Whether it is this kernel's own name or release, or where it comes from: what no kernel of another architecture has.
    public func namesOne(of kernel: Kernel) -> Bool {
        switch self {
        case .named, .image: matches(kernel)
        case .from(_, let spec): spec.namesOne(of: kernel)
        default: false
        }
    }

    /// Whether a kernel that is in the store can be what is meant, if its architecture is; what has to be looked up elsewhere first is none.
    ///
    /// A kernel of the user's own is meant only by its name here: it may be anything (`KernelStore.ownKernel`).
    func matches(_ kernel: Kernel) -> Bool {
        switch self {
        case .line(let line): kernel.line == line && !kernel.isOwn
        case .version(let version): kernel.version == version && !kernel.isOwn
        case .latest: !kernel.isOwn
        case .newest(let lines): lines.contains(kernel.line) && !kernel.isOwn
        case .named(let name): kernel.name == name || (kernel.release == name && !kernel.isOwn)
        case .from(let source, let spec): kernel.origin == source && spec.matches(kernel)
        case .image(let reference): Self.isSame(reference, kernel.reference)
        case .longTerm, .file, .tree: false
        }
    }
}
