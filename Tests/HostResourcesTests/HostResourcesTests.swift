// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HostResources

@Suite struct HostResourcesTests {
    /// A machine with 8 processors and 16 GiB available, and whatever files there are besides.
    private func resources(_ files: [String: String]) -> HostResources {
        let machine = [
            "/proc/meminfo": "MemTotal:       33554432 kB\nMemFree:         1048576 kB\nMemAvailable:   16777216 kB\n",
            "/proc/self/status": "Name:\tbpfmatrix\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
            "/sys/devices/system/cpu/online": "0-7\n",
        ]
        return HostResources { machine.merging(files) { $1 }[$0] }
    }

    private func unified(_ path: String, root: String = "/", _ files: [String: String]) -> HostResources {
        resources(
            files.merging([
                "/proc/self/cgroup": "0::\(path)\n",
                "/proc/self/mountinfo":
                    "30 23 0:26 \(root) /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
            ]) { $1 }
        )
    }

    private func below(_ folder: String, _ files: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: files.map { ("\(folder)/\($0.key)", $0.value) })
    }

    private func legacy(_ path: String, root: String = "/", _ files: [String: String]) -> HostResources {
        resources(
            files.merging([
                "/proc/self/cgroup": "5:memory:\(path)\n2:cpu,cpuacct:\(path)\n1:name=systemd:\(path)\n0::/\n",
                "/proc/self/mountinfo": """
                31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
                32 31 0:29 \(root) /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
                35 31 0:32 \(root) /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
                40 31 0:37 \(root) /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
                41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
                """,
            ]) { $1 }
        )
    }

    @Test("without control groups the machine's own figures count")
    func machine() {
        #expect(resources([:]) == HostResources(availableMemory: 16 << 10, processors: 8))
    }

    @Test("a system that reports no memory has an unknown amount of it")
    func unknownMemory() {
        #expect(resources(["/proc/meminfo": "MemTotal: 4096 kB\n"]).availableMemory == nil)
    }

    @Test(
        "the tightest limit of memory up the hierarchy counts, less what is used but not cached",
        arguments: [
            (["a/b/memory.max": "max", "a/memory.max": "2147483648", "a/memory.high": "max"], 2048),
            (["a/b/memory.max": "1073741824", "a/memory.max": "2147483648"], 1024),
            (["a/b/memory.max": "3221225472", "a/memory.high": "1073741824"], 1024),
            (["a/b/memory.max": "1073741824", "a/b/memory.current": "805306368"], 256),
            (
                [
                    "a/b/memory.max": "1073741824", "a/b/memory.current": "805306368",
                    "a/b/memory.stat":
                        "anon 268435456\nactive_file 134217728\ninactive_file 402653184\nunevictable 0\n",
                ], 768
            ),
            (["a/b/memory.max": "1073741824", "a/b/memory.current": "2147483648"], 0),
            (["a/b/memory.max": "0"], 0),
            (["a/b/memory.max": "99999999999999"], 16 << 10),
            (["a/b/memory.max": "many"], 16 << 10),
        ] as [([String: String], Int)]
    )
    func unifiedMemory(files: [String: String], expected: Int) {
        let found = unified("/a/b", below("/sys/fs/cgroup", files))
        #expect(found == HostResources(availableMemory: expected, processors: 8))
    }

    @Test(
        "the tightest quota of processor time up the hierarchy counts, in whole processors",
        arguments: [
            (["a/b/cpu.max": "max 100000"], 8), (["a/b/cpu.max": "200000 100000"], 2),
            (["a/b/cpu.max": "350000 100000", "a/cpu.max": "150000 100000"], 1), (["a/b/cpu.max": "20000 100000"], 1),
            (["a/b/cpu.max": "900000 100000"], 8), (["a/b/cpu.max": "100000 0"], 8), (["a/b/cpu.max": "-1 100000"], 8),
        ] as [([String: String], Int)]
    )
    func unifiedQuota(files: [String: String], expected: Int) {
        let found = unified("/a/b", below("/sys/fs/cgroup", files))
        #expect(found.processors == expected)
    }

    @Test(
        "what is mounted of the hierarchy is read, wherever the process's group is in it",
        arguments: [
            // A container without a namespace of its own sees only its own group, under the machine's name for it.
            ("/docker/abc", "/docker/abc", "/sys/fs/cgroup/memory.max"),
            ("/docker/abc/sub", "/docker/abc", "/sys/fs/cgroup/sub/memory.max"),
            // The group is outside of what is mounted.
            ("/../other", "/", "/sys/fs/cgroup/memory.max"),
            ("/machine/c1", "/docker/abc", "/sys/fs/cgroup/memory.max"),
            ("/a b", "/", "/sys/fs/cgroup/a b/memory.max"),
            ("/c/a b", "/c/a\\040b", "/sys/fs/cgroup/memory.max"),
        ]
    )
    func mounts(path: String, root: String, file: String) {
        #expect(unified(path, root: root, [file: "536870912"]).availableMemory == 512)
    }

    @Test("version 1 is read too: limits of memory, and quotas in a hierarchy with two controllers")
    func versionOne() {
        let memory = "/sys/fs/cgroup/memory/a"
        let quota = "/sys/fs/cgroup/cpu,cpuacct/a"
        let found = legacy(
            "/a/b",
            [
                "\(memory)/b/memory.limit_in_bytes": "9223372036854771712\n",
                "\(memory)/b/memory.usage_in_bytes": "4096\n",
                "\(memory)/memory.limit_in_bytes": "2147483648\n",
                "\(memory)/memory.usage_in_bytes": "1073741824\n",
                "\(memory)/memory.stat":
                    "cache 1\ninactive_file 1\ntotal_inactive_file 268435456\ntotal_active_file 0\n",
                "\(quota)/b/cpu.cfs_quota_us": "-1\n", "\(quota)/b/cpu.cfs_period_us": "100000\n",
                "\(quota)/cpu.cfs_quota_us": "300000\n", "\(quota)/cpu.cfs_period_us": "100000\n",
            ]
        )
        #expect(found == HostResources(availableMemory: 1280, processors: 3))
    }

    @Test("a group of version 1 without a limit leaves the machine's memory")
    func versionOneUnlimited() {
        let found = legacy(
            "/a",
            [
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712",
                "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "8589934592",
            ]
        )
        #expect(found.availableMemory == 16 << 10)
    }

    @Test(
        "affinity and cpuset restrict processors, and those that are not there do not count",
        arguments: [
            ("0", 1), ("0-1,4", 3), ("2-127", 6), ("0,2,4,6", 4), ("64-127", 1), ("", 8), ("x", 8), ("3-1", 8),
        ]
    )
    func affinity(list: String, expected: Int) {
        #expect(resources(["/proc/self/status": "Cpus_allowed_list:\t\(list)\n"]).processors == expected)
    }

    @Test("no text of these files is too strange to be read")
    func strange() {
        let texts = [
            "", "\n\n", ":::", "0::", "0::/../../x", "- - -", " - cgroup2 x y", "a b c d e - cgroup2 x y", "\\9",
            "18446744073709551616",
        ]
        for text in texts {
            let found = HostResources { _ in text }
            #expect(found.processors >= 1)
        }
    }

    @Test("this machine has some of both")
    func current() {
        let found = HostResources.current
        #expect((found.availableMemory ?? 0) > 0)
        #expect((1...ProcessInfo.processInfo.processorCount).contains(found.processors))
    }
}
