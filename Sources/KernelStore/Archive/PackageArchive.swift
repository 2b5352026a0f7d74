// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// An archive of Debian packages, Debian's own or another's: where it is, whose signature it bears, and which of its
/// suites have kernels.
public struct PackageArchive: Sendable, Hashable {
    /// A part of the archive with indexes of its own.
    public struct Suite: Sendable, Hashable {
        public let name: String
        /// The release that it belongs to, as people say it: `12`; nil for one that belongs to none.
        public let release: String?
        /// Lines whose newest kernel is there; empty for one that may have any.
        public let lines: [String]
        /// Whether it is in the archive of security updates.
        public let isSecurity: Bool

        public init(_ name: String, release: String? = nil, lines: [String] = [], isSecurity: Bool = false) {
            self.name = name
            self.release = release
            self.lines = lines
            self.isSecurity = isSecurity
        }

        /// Whether a user who says `12`, `bookworm` or `noble` means this one.
        func isMeant(by word: String) -> Bool {
            word == release || word == name || ["security", "updates"].contains { name == "\(word)-\($0)" }
        }
    }

    /// What the source is called: `debian`.
    public var name: String
    /// Base addresses, as in sources.list.
    public var main: String
    public var security: String?
    /// The keys that its indexes must be signed with.
    public var keyring: FilePath
    public var suites: [Suite]
    public var components: [String]
    /// How its kernels' names end, those first that are preferred: `generic`; empty for any.
    public var flavours: [String]
    /// Refuse indexes that are past their own date, instead of saying so and going on.
    public var isStrict: Bool

    public init(
        name: String = PackageArchive.debianName,
        main: String,
        security: String?,
        keyring: FilePath = PackageArchive.debianKeyring,
        suites: [Suite] = PackageArchive.debianSuites,
        components: [String] = ["main"],
        flavours: [String] = [],
        isStrict: Bool = false
    ) {
        self.name = name
        self.main = main
        self.security = security
        self.keyring = keyring
        self.suites = suites
        self.components = components
        self.flavours = flavours
        self.isStrict = isStrict
    }

    func with(isStrict: Bool) -> PackageArchive {
        var archive = self
        archive.isStrict = archive.isStrict || isStrict
        return archive
    }

    var reachableSuites: [Suite] { suites.filter { !$0.isSecurity || security != nil } }

    /// The suites that may have what is asked for: few for a line that is known, all for anything else.
    func suites(for spec: KernelSpec) -> [Suite] {
        let reachable = reachableSuites
        let lines: [String] =
            switch spec {
            case .line(let line): [line]
            case .version(let version): [KernelVersion(version).line]
            case .named(let release): [KernelVersion(release).line]
            case .newest(let lines): lines
            default: []
            }
        if case .named(let word) = spec {
            let meant = reachable.filter { $0.isMeant(by: word) }
            if !meant.isEmpty { return meant }
        }
        let known = reachable.filter { !Set(lines).isDisjoint(with: $0.lines) }
        // The newest of several lines may be one that no suite is known for.
        if case .newest = spec { return reachable }
        if !known.isEmpty { return known }
        let open = reachable.filter(\.lines.isEmpty)
        // An unknown line is newer than the known ones, or nowhere.
        if case .named = spec { return reachable }
        return open.isEmpty ? reachable : open
    }

    /// What is looked for in the suites: the newest, where a suite was named in the place of a kernel.
    func sought(_ spec: KernelSpec) -> KernelSpec {
        guard case .named(let word) = spec, reachableSuites.contains(where: { $0.isMeant(by: word) }) else {
            return spec
        }
        return .latest
    }

    /// `12` is a line where a release is known for one: then a kernel in the store can be meant too.
    func meaning(of spec: KernelSpec) -> KernelSpec {
        guard case .named(let word) = spec else { return spec }
        let lines = Set(suites.filter { $0.isMeant(by: word) }.flatMap(\.lines))
        return lines.count == 1 ? lines.first.map(KernelSpec.line) ?? spec : spec
    }

    /// Lines for apt's sources.list.
    func sources(_ suites: [Suite], architecture: String) -> String {
        suites.map { suite in
            let base = suite.isSecurity ? security ?? main : main
            let place = "\(base) \(suite.name) \(components.joined(separator: " "))"
            return "deb [arch=\(architecture) signed-by=\(keyring)] \(place)\n"
        }.joined()
    }
}
