// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// The Debian system that images are made of.
public struct BaseSystem: Sendable, Hashable {
    /// What is in an image before its own packages come (mmdebstrap(1), VARIANTS).
    public enum Variant: String, Sendable, CaseIterable {
        /// What Debian can't be without: no apt, no ip, no init.
        case essential
        /// Besides, apt.
        case apt
        /// Besides, everything of priority "important", systemd among it: what Little-VM-Helper's images have.
        case important
    }

    /// The archive's base address, as in sources.list.
    public var mirror: String
    public var suite: String
    /// The keys that the archive's indexes must be signed with.
    public var keyring: FilePath
    public var components: [String]
    public var variant: Variant

    public init(
        mirror: String,
        suite: String = "bookworm",
        keyring: FilePath,
        components: [String] = ["main"],
        variant: Variant = .important
    ) {
        self.mirror = mirror
        self.suite = suite
        self.keyring = keyring
        self.components = components
        self.variant = variant
    }

    /// Debian's name for this machine's architecture; images are built for no other.
    static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    /// The line for sources.list; nil where a part would break it (sources.list(5): blanks separate, brackets enclose).
    var source: String? {
        let parts = [mirror, suite, keyring.string] + components
        let isBroken = parts.contains { part in
            part.isEmpty || part.contains { $0.isWhitespace || $0.isNewline || "[]\"'#".contains($0) }
        }
        guard !isBroken, !components.isEmpty, !suite.hasPrefix("-") else { return nil }
        return "deb [signed-by=\(keyring)] \(mirror) \(suite) \(components.joined(separator: " "))"
    }
}
