// SPDX-License-Identifier: Apache-2.0

/// A kernel package that the archive offers.
struct KernelPackage: Hashable, Sendable {
    /// `linux-image-6.1.0-56-cloud-amd64`
    let name: String
    /// Debian's version, `6.1.192-2`.
    let version: String
    /// The suite that has it: `bookworm-security`.
    let suite: String
    /// How far down the list of flavours its name is: 0 is preferred.
    let rank: Int

    /// `uname -r`.
    var release: String { String(name.dropFirst(Self.prefix.count)) }
    var upstream: KernelVersion { KernelVersion(version) }

    static let prefix = "linux-image-"
    /// Packages that may hold what the image's own does not.
    static let partPrefixes = ["linux-binary-", modulesPrefix, configurationPrefix]
    static let modulesPrefix = "linux-modules-"
    static let configurationPrefix = "linux-base-"

    /// Whether it has another release's version of the same kernel: `6.12.117-1~deb12u1`, made for Debian 12.
    private var isRebuilt: Bool { version.contains("~deb") }

    /// Whether a package of this name is a kernel of one of the flavours, the first of which is preferred; no flavours are
    /// all of them.
    ///
    /// None are: real-time kernels, debugging symbols, unsigned images (the same again), and packages that only depend on
    /// the newest of a line.
    static func isKernel(_ name: String, flavours: [String]) -> Bool { rank(name, flavours) != nil }

    private static func rank(_ name: String, _ flavours: [String]) -> Int? {
        let release = name.dropFirst(prefix.count)
        let isWhole = release.split(separator: ".").count > 2 && release.first?.isNumber == true
        let isOdd = ["-rt-", "-dbg", "-dbgsym", "-unsigned"].contains { release.contains($0) }
        guard name.hasPrefix(prefix), isWhole, !isOdd else { return nil }
        return flavours.isEmpty ? 0 : flavours.firstIndex { name.hasSuffix("-\($0)") }
    }

    /// Kernels in a table by `apt-cache madison`: `name | version | address suite/main amd64 Packages`.
    static func parse(madison table: String, flavours: [String]) -> [KernelPackage] {
        table.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
            guard columns.count == 3, let name = columns[0].first, let version = columns[1].first,
                columns[2].count >= 2, let rank = rank(name, flavours)
            else { return nil }
            let suite = columns[2][1].split(separator: "/").first.map(String.init) ?? ""
            return KernelPackage(name: name, version: version, suite: suite, rank: rank)
        }
    }

    /// The best package for what is meant: newest version, then a native build, then the preferred flavour, then the name.
    static func best(for spec: KernelSpec, among packages: [KernelPackage]) -> KernelPackage? {
        packages.filter { $0.isMeant(by: spec) }.max { left, right in
            if left.upstream != right.upstream { return left.upstream < right.upstream }
            if left.isRebuilt != right.isRebuilt { return left.isRebuilt }
            if left.rank != right.rank { return left.rank > right.rank }
            return (left.debianRevision, left.name) < (right.debianRevision, right.name)
        }
    }

    /// The newest package of each line, oldest line first.
    static func newestOfEachLine(among packages: [KernelPackage]) -> [KernelPackage] {
        Dictionary(grouping: packages, by: \.upstream.line)
            .compactMap { best(for: .line($0.key), among: $0.value) }
            .sorted { $0.upstream < $1.upstream }
    }

    private func isMeant(by spec: KernelSpec) -> Bool {
        switch spec {
        case .line(let line): upstream.line == line
        case .version(let version): upstream.text == version
        case .latest: true
        case .named(let wanted): release == wanted || name == wanted
        case .newest(let lines): lines.contains(upstream.line)
        case .longTerm, .from, .image, .file, .tree: false
        }
    }

    private var debianRevision: Int {
        version.split(separator: "-").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }
}
