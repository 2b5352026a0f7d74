// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The memory and the processors that this process may use: the machine's, less what control groups, cpusets and the
/// affinity mask keep from it.
public struct HostResources: Sendable, Hashable {
    /// MiB that can be used without swapping, and without exceeding the limit of any control group; nil where the system
    /// reports neither.
    public let availableMemory: Int?
    /// At least 1. Half a processor more than a whole number counts for nothing.
    public let processors: Int

    public init(availableMemory: Int?, processors: Int) {
        self.availableMemory = availableMemory
        self.processors = max(1, processors)
    }

    /// As of now: other processes take and release memory at any time.
    public static var current: HostResources {
        HostResources { try? String(contentsOfFile: $0, encoding: .utf8) }
    }

    /// - Parameter file: the text of the file at this path under /proc or /sys; nil where it can't be read.
    init(reading file: (String) -> String?) {
        let groups = ControlGroups(reading: file)
        let machine = Self.availableMemory(memoryInformation: file("/proc/meminfo") ?? "")
        let memory = [machine, groups.availableMemory].compactMap { $0 }.min()
        let allowed = ProcessorSet(status: file("/proc/self/status") ?? "")
        let online = file("/sys/devices/system/cpu/online").flatMap { ProcessorSet(list: $0) }
        // The mask of a process that nothing restricts contains processors that the machine could have but has not.
        let scheduled =
            switch (allowed, online) {
            case (let allowed?, let online?): allowed.intersection(online).count
            case (let known?, nil), (nil, let known?): known.count
            case (nil, nil): ProcessInfo.processInfo.activeProcessorCount
            }
        self.init(
            availableMemory: memory.map { $0 >> 20 },
            processors: min(scheduled, groups.processors ?? scheduled)
        )
    }

    /// Bytes; proc(5), MemAvailable is in units of 1024 whatever they are called.
    private static func availableMemory(memoryInformation text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        guard let number = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }), number >= 0 else {
            return nil
        }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: 1024)
        return overflows ? nil : bytes
    }
}

/// Some of a machine's processors, by their numbers.
struct ProcessorSet: Hashable {
    private var ranges: [ClosedRange<Int>]

    var count: Int { ranges.map(\.count).reduce(0, +) }

    /// Linux has at most 8192 processors (NR_CPUS, arch/x86/Kconfig).
    private static let limit = 1 << 16

    /// As in /sys/devices/system/cpu/online: `0-3,8,10-11`; nil for anything else.
    init?(list: String) {
        ranges = []
        for part in list.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",") {
            let ends = part.split(separator: "-", maxSplits: 1).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, 0...last ~= first, last < Self.limit
            else { return nil }
            ranges.append(first...last)
        }
        if ranges.isEmpty { return nil }
    }

    /// Those that a process may run on, of its affinity and its cpuset together (proc(5), /proc/PID/status).
    init?(status: String) {
        let name = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        self.init(list: String(line.dropFirst(name.count)))
    }

    private init(ranges: [ClosedRange<Int>]) {
        self.ranges = ranges
    }

    func intersection(_ other: ProcessorSet) -> ProcessorSet {
        ProcessorSet(
            ranges: ranges.flatMap { left in
                other.ranges.filter(left.overlaps).map { left.clamped(to: $0) }
            }
        )
    }
}
