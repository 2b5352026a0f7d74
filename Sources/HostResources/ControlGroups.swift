// SPDX-License-Identifier: Apache-2.0

/// What the control groups that a process is in leave of memory and processors: each group's limit holds for all groups
/// below it, so every one is read from the process's own up to the hierarchy's root.
///
/// Both versions are read: cgroups(7); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of the kernel.
struct ControlGroups {
    /// Bytes that can still be used in the tightest of the groups; nil where none has a limit.
    let availableMemory: Int?
    /// Whole processors that the tightest quota is worth, at least 1; nil where none has one.
    let processors: Int?

    init(reading file: (String) -> String?) {
        let mounts = (file("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { Hierarchy(mount: $0) }
        let places = (file("/proc/self/cgroup") ?? "").split(separator: "\n").compactMap { Membership($0) }
        var memory: [Int] = []
        var quotas: [Int] = []
        for place in places {
            guard let hierarchy = mounts.first(where: { $0.controllers == place.controllers }) else { continue }
            for folder in hierarchy.folders(of: place.path) {
                func text(_ name: String) -> String? { file("\(folder)/\(name)") }
                let isUnified = place.controllers.isEmpty
                let limits = isUnified ? MemoryLimit.unified(text) : MemoryLimit.legacy(text)
                if let limits { memory.append(limits.available) }
                if let quota = isUnified ? Self.unifiedQuota(text) : Self.legacyQuota(text) { quotas.append(quota) }
            }
        }
        availableMemory = memory.min()
        processors = quotas.min()
    }

    /// `cpu.max`: microseconds of processor time for each period, or `max`, and the period.
    private static func unifiedQuota(_ text: (String) -> String?) -> Int? {
        let words = (text("cpu.max") ?? "").split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard words.count == 2, let quota = words[0], let period = words[1] else { return nil }
        return wholeProcessors(quota, period)
    }

    /// The quota is -1 where there is none.
    private static func legacyQuota(_ text: (String) -> String?) -> Int? {
        guard let quota = number(text("cpu.cfs_quota_us")), let period = number(text("cpu.cfs_period_us")) else {
            return nil
        }
        return wholeProcessors(quota, period)
    }

    private static func wholeProcessors(_ quota: Int, _ period: Int) -> Int? {
        guard quota > 0, period > 0 else { return nil }
        return max(1, quota / period)
    }

    fileprivate static func number(_ text: String?) -> Int? {
        text.flatMap { Int($0.trimming) }
    }
}

/// A group's limit of memory, and how near it is. All in bytes.
private struct MemoryLimit {
    let limit: Int
    /// All that is charged to the group, the page cache included.
    let usage: Int
    /// Of that, the page cache of files, which the kernel takes back before it refuses anything.
    let cache: Int

    var available: Int { max(0, limit - max(0, usage - cache)) }

    /// Above `memory.high` processes are slowed down until the kernel has taken memory back: as good as a limit.
    static func unified(_ text: (String) -> String?) -> MemoryLimit? {
        let limits = ["memory.max", "memory.high"].compactMap { ControlGroups.number(text($0)) }.filter { $0 >= 0 }
        guard let limit = limits.min() else { return nil }
        return MemoryLimit(
            limit: limit,
            usage: ControlGroups.number(text("memory.current")) ?? 0,
            cache: cache(text("memory.stat"), ["active_file", "inactive_file"])
        )
    }

    /// Without a limit, version 1 reports the largest that its counters can hold: PAGE_COUNTER_MAX, in whole pages of at most
    /// 64 KiB.
    private static let unlimited = Int.max - (64 << 10)

    static func legacy(_ text: (String) -> String?) -> MemoryLimit? {
        guard let limit = ControlGroups.number(text("memory.limit_in_bytes")), limit >= 0, limit < unlimited else {
            return nil
        }
        return MemoryLimit(
            limit: limit,
            usage: ControlGroups.number(text("memory.usage_in_bytes")) ?? 0,
            cache: cache(text("memory.stat"), ["total_active_file", "total_inactive_file"])
        )
    }

    private static func cache(_ text: String?, _ names: [String]) -> Int {
        (text ?? "").split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count == 2, names.contains(String(words[0])), let bytes = Int(words[1]), bytes > 0 else {
                return sum
            }
            let (total, overflows) = sum.addingReportingOverflow(bytes)
            return overflows ? sum : total
        }
    }
}

/// A line of /proc/self/cgroup: `4:memory:/a/b`, or `0::/a/b` for version 2.
private struct Membership {
    /// None for version 2.
    let controllers: Set<String>
    let path: String

    init?(_ line: Substring) {
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, Int(fields[0]) != nil else { return nil }
        controllers = Set(fields[1].split(separator: ",").map(String.init))
        path = String(fields[2])
    }
}

/// Where a hierarchy of control groups is mounted.
private struct Hierarchy {
    /// None for version 2.
    let controllers: Set<String>
    /// Which group of the hierarchy is at the mount point.
    let root: String
    let point: String

    /// A line of /proc/self/mountinfo (proc(5)): `32 31 0:29 ROOT POINT options … - TYPE SOURCE SUPEROPTIONS`.
    init?(mount line: Substring) {
        let halves = line.split(separator: " - ", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let (front, back) = (halves[0].split(separator: " "), halves[1].split(separator: " "))
        guard front.count >= 5, back.count >= 3 else { return nil }
        switch back[0] {
        case "cgroup2": controllers = []
        case "cgroup":
            let options = ["rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "favordynmods"]
            controllers = Set(back[2].split(separator: ",").map(String.init)).subtracting(options)
                .filter { !$0.hasPrefix("release_agent=") }
        default: return nil
        }
        root = Self.unescaped(front[3])
        point = Self.unescaped(front[4])
    }

    /// The folders of a group and of all groups above it that can be seen from here.
    ///
    /// Its path counts from the root of the process's cgroup namespace, and may lie outside of what is mounted: then what is
    /// mounted is all that there is to read.
    func folders(of path: String) -> [String] {
        let names = path.split(separator: "/").map(String.init)
        let top = root.split(separator: "/").map(String.init)
        guard names.starts(with: top), !names.contains("..") else { return [point] }
        let below = names.dropFirst(top.count)
        return (0...below.count).map { ([point] + below.prefix($0)).joined(separator: "/") }
    }

    /// Blanks, tabs, line feeds and backslashes are written as three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            let value = digits.reduce(0) { $0 << 3 | Int($1 & 7) }
            if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ 0x30...0x37 ~= $0 }), value < 256 {
                bytes.append(UInt8(value))
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension StringProtocol {
    fileprivate var trimming: String { split(whereSeparator: \.isWhitespace).joined() }
}
