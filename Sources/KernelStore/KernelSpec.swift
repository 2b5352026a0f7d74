// SPDX-License-Identifier: Apache-2.0

/// Which kernel a user means.
public enum KernelSpec: Hashable, Sendable, CustomStringConvertible {
    /// The newest of a line: `6.1`.
    case line(String)
    /// One upstream version: `6.1.192`.
    case version(String)
    /// The newest of all: `latest`.
    case latest
    /// A release as `uname -r` says it, or the name of a kernel in the store.
    case named(String)

    public init(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = !parts.isEmpty && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
        switch (isNumeric, parts.count) {
        case (true, 2): self = .line(text)
        case (true, 3): self = .version(text)
        default: self = text == "latest" ? .latest : .named(text)
        }
    }

    public var description: String {
        switch self {
        case .line(let text), .version(let text), .named(let text): text
        case .latest: "latest"
        }
    }

    func matches(_ kernel: Kernel) -> Bool {
        switch self {
        // A kernel of the user's own is meant only by its name: it may be anything.
        case .line(let line): kernel.line == line && !kernel.isAdded
        case .version(let version): kernel.version == version && !kernel.isAdded
        case .latest: !kernel.isAdded
        case .named(let name): kernel.name == name || kernel.release == name
        }
    }
}

extension Kernel {
    static let addedSource = "added from"

    /// The user's own, as opposed to an archive's.
    public var isAdded: Bool { source.hasPrefix(Self.addedSource) }
}
