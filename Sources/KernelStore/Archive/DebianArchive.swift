// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// A Debian archive: where it is, whose signature it bears, and which of its suites have kernels.
public struct DebianArchive: Sendable, Hashable {
    /// A part of the archive with indexes of its own.
    public struct Suite: Sendable, Hashable {
        public let name: String
        /// Lines whose newest kernel is there; empty for one that may have any.
        public let lines: [String]
        /// Whether it is in the archive of security updates.
        public let isSecurity: Bool

        public init(_ name: String, lines: [String] = [], isSecurity: Bool = false) {
            self.name = name
            self.lines = lines
            self.isSecurity = isSecurity
        }
    }

    /// Base addresses, as in sources.list.
    public var main: String
    public var security: String?
    /// The keys that its indexes must be signed with.
    public var keyring: FilePath
    public var suites: [Suite]
    /// Refuse indexes that are past their own date, instead of saying so and going on.
    public var isStrict: Bool

    public init(
        main: String,
        security: String?,
        keyring: FilePath = "/usr/share/keyrings/debian-archive-keyring.gpg",
        suites: [Suite] = DebianArchive.suites,
        isStrict: Bool = false
    ) {
        self.main = main
        self.security = security
        self.keyring = keyring
        self.suites = suites
        self.isStrict = isStrict
    }

    /// Debian's suites, oldest first, with the kernels that they are known for.
    public static let suites = [
        Suite("bullseye-security", lines: ["5.10"], isSecurity: true),
        Suite("bookworm", lines: ["6.1"]),
        Suite("bookworm-security", lines: ["6.1"], isSecurity: true),
        Suite("trixie", lines: ["6.12"]),
        Suite("trixie-security", lines: ["6.12"], isSecurity: true),
        Suite("trixie-backports"),
        Suite("sid"),
    ]

    /// The user's own choice, or what the machine's apt configuration names.
    public static func configured(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        isStrict: Bool = false
    ) async throws -> DebianArchive {
        if let main = environment["BPFMATRIX_DEBIAN_MIRROR"], !main.isEmpty {
            let security = environment["BPFMATRIX_DEBIAN_SECURITY_MIRROR"]
            return DebianArchive(main: main, security: security, isStrict: isStrict)
        }
        guard Command.find("apt-get") != nil else { throw KernelStoreError.aptMissing }
        let format = "$(REPO_URI) $(RELEASE)"
        let answer = try await Command("apt-get", ["indextargets", "--format", format, "Created-By: Packages"])
            .run(within: .seconds(30))
        return try configured(by: answer.outputText, isStrict: isStrict)
    }

    /// - Parameter targets: a line for each index that apt knows: base address and suite.
    static func configured(by targets: String, isStrict: Bool) throws(KernelStoreError) -> DebianArchive {
        let entries = targets.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            .filter { $0.count == 2 }
        let names = Set(suites.filter { !$0.isSecurity }.map(\.name)).union(["stable", "testing", "unstable"])
        guard let main = entries.first(where: { names.contains($0[1]) }) else { throw .noArchive }
        let securityNames = Set(suites.filter(\.isSecurity).map(\.name)).union(["stable-security"])
        let security = entries.first { securityNames.contains($0[1]) }
        return DebianArchive(main: main[0], security: security?[0], isStrict: isStrict)
    }

    /// The suites that may have what is asked for: few for a line that is known, all for anything else.
    func suites(for spec: KernelSpec) -> [Suite] {
        let reachable = suites.filter { !$0.isSecurity || security != nil }
        let line: String? =
            switch spec {
            case .line(let line): line
            case .version(let version): KernelVersion(version).line
            case .named(let release): KernelVersion(release).line
            case .latest: nil
            }
        let known = reachable.filter { suite in line.map { suite.lines.contains($0) } ?? false }
        if !known.isEmpty { return known }
        let open = reachable.filter(\.lines.isEmpty)
        // An unknown line is newer than the known ones, or nowhere.
        if case .named = spec { return reachable }
        return open.isEmpty ? reachable : open
    }

    /// Lines for apt's sources.list.
    func sources(_ suites: [Suite], architecture: String) -> String {
        suites.map { suite in
            let base = suite.isSecurity ? security ?? main : main
            return "deb [arch=\(architecture) signed-by=\(keyring)] \(base) \(suite.name) main\n"
        }.joined()
    }
}
