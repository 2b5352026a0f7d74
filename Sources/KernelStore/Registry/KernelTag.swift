// SPDX-License-Identifier: Apache-2.0

/// A tag, as repositories of kernels have them. Little-VM-Helper's: `6.6-20240701.123456`, `6.6-main`; Cilium's: `6.6`; and
/// names such as `bpf-next`, `rhel9.6`, `stable`, which are no line's.
struct KernelTag: Hashable, Sendable {
    let text: String
    /// `6.6`, or `6.6.30` where the tag is of one version; nil for a name.
    let version: KernelVersion?
    /// When it was built: a date and a time that sort as text.
    let stamp: String?
    /// What is newest in a branch, and moves.
    let isMain: Bool

    init(_ text: String) {
        self.text = text
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let suffix = parts.count == 2 ? parts[1] : nil
        let stamp = suffix.flatMap { Self.isStamp($0) ? $0 : nil }
        let isMain = suffix == "main"
        switch KernelSpec(parts[0]) {
        case .line(let number) where suffix == nil || stamp != nil || isMain: version = KernelVersion(number)
        case .version(let number) where suffix == nil || stamp != nil || isMain: version = KernelVersion(number)
        default: version = nil
        }
        self.stamp = stamp
        self.isMain = isMain
    }

    var line: String? { version?.line }
    private var isOfOneVersion: Bool { (version?.numbers.count ?? 0) > 2 }

    /// `20240701.123456`
    private static func isStamp(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 6] && parts.allSatisfy { $0.allSatisfy { ("0"..."9").contains($0) } }
    }

    /// The newest of a line: what was stamped last, which stays what it is; else what moves; else the newest of one version.
    static func newest(ofLine line: String, among tags: [KernelTag]) -> KernelTag? {
        let all = tags.filter { $0.line == line }
        let ofLine = all.filter { !$0.isOfOneVersion }
        let newest = all.compactMap(\.version).max()
        return best(among: ofLine) ?? best(among: all.filter { $0.version == newest })
    }

    /// The newest of one version; else the newest of its line, which may be of that version.
    static func newest(ofVersion version: String, among tags: [KernelTag]) -> KernelTag? {
        best(among: tags.filter { $0.version?.text == version })
            ?? newest(ofLine: KernelVersion(version).line, among: tags)
    }

    /// Of tags for the same.
    private static func best(among tags: [KernelTag]) -> KernelTag? {
        tags.filter { $0.stamp != nil }.max { ($0.stamp ?? "") < ($1.stamp ?? "") } ?? tags.first(where: \.isMain)
            ?? tags.first
    }

    /// The newest tag of each line, oldest line first.
    static func newestOfLines(among tags: [KernelTag]) -> [(line: String, tag: KernelTag)] {
        let grouped = Dictionary(grouping: tags.filter { $0.line != nil }) { $0.line ?? "" }
        return lines(among: tags).compactMap { line in
            newest(ofLine: line, among: grouped[line] ?? []).map { (line, $0) }
        }
    }

    /// Oldest first.
    static func lines(among tags: [KernelTag]) -> [String] {
        Set(tags.compactMap(\.line)).sorted { KernelVersion($0) < KernelVersion($1) }
    }
}
