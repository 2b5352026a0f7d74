// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

@Suite struct WordingTests {
    @Test(
        "a line gives the values of a wording's holes",
        arguments: [
            ("R# invalid mem access '…'", "R3 invalid mem access 'scalar'", ["3", "scalar"]),
            ("div by zero", "div by zero", []),
            ("value # off #", "value -8 off 0x1f", ["-8", "0x1f"]),
            ("invalid func unknown♯#", "invalid func unknown#181", ["181"]),
            ("… is not sleepable", "vfs_open is not sleepable", ["vfs_open"]),
            (
                "At … the register R0 has … should be", "At exit the register R0 has smin=7 should be",
                ["exit", "smin=7"]
            ),
            ("failed: …", "failed: ", [""]),
            ("a…", "a", [""]),
        ] as [(Wording, String, [String])]
    )
    func fits(wording: Wording, line: String, values: [String]) {
        #expect(wording.match(line) == values)
    }

    @Test(
        "a line that says more, less or something else is another line",
        arguments: [
            ("div by zero", "kernel said: div by zero"), ("div by zero", "div by zero, it said"),
            ("div by zero", "div by"), ("div by zero", ""), ("R# !read_ok", "R !read_ok"),
            ("R# !read_ok", "R- !read_ok"),
            ("R# !read_ok", "R0x !read_ok"), ("R# !read_ok", "Rfour !read_ok"),
            ("… is not sleepable", "vfs_open is not sleepable at all"),
            ("R# invalid mem access '…'", "R1 invalid mem access 'inv"),
        ] as [(Wording, String)]
    )
    func other(wording: Wording, line: String) {
        #expect(wording.match(line) == nil)
    }

    @Test("no message is as long as a line can be made")
    func long() {
        #expect(("a…b" as Wording).match("a" + String(repeating: "-", count: 8000) + "b") != nil)
        #expect(("a…b" as Wording).match("a" + String(repeating: "-", count: 1_000_000) + "b") == nil)
    }
}

@Suite struct LinuxVersionTests {
    @Test(
        "releases of all makers begin with their line",
        arguments: [
            ("5.10.0-46-cloud-amd64", LinuxVersion(5, 10)), ("6.12.118+deb13", LinuxVersion(6, 12)),
            ("7.2", LinuxVersion(7, 2)),
            ("6.18-rc3", LinuxVersion(6, 18)), ("4.18.0-553.el8_10.x86_64", LinuxVersion(4, 18)),
        ]
    )
    func release(text: String, version: LinuxVersion) {
        #expect(LinuxVersion(text) == version)
    }

    @Test(
        "what is no release is none",
        arguments: ["", "6", "six.one", "-6.1", "6.", "6.x", ".1", "99999999999999999999.1"]
    )
    func none(text: String) {
        #expect(LinuxVersion(text) == nil)
    }

    @Test("lines are ordered by number, not by letter")
    func order() {
        #expect(LinuxVersion(5, 9) < LinuxVersion(5, 10))
        #expect(LinuxVersion(5, 19) < LinuxVersion(6, 0))
    }
}

@Suite struct FeatureVersionTests {
    /// The first of each line, and the last of 6.2, after which there were none.
    @Test(
        "helpers came in the order of their numbers",
        arguments: [
            (142, "load_hdr_opt", LinuxVersion(5, 10)), (156, "task_storage_get", LinuxVersion(5, 11)),
            (163, "check_mtu", LinuxVersion(5, 12)), (164, "for_each_map_elem", LinuxVersion(5, 13)),
            (166, "sys_bpf", LinuxVersion(5, 14)), (169, "timer_init", LinuxVersion(5, 15)),
            (176, "get_branch_snapshot", LinuxVersion(5, 16)), (180, "find_vma", LinuxVersion(5, 17)),
            (181, "loop", LinuxVersion(5, 17)), (186, "get_retval", LinuxVersion(5, 18)),
            (194, "kptr_xchg", LinuxVersion(5, 19)), (204, "tcp_raw_gen_syncookie_ipv4", LinuxVersion(6, 0)),
            (208, "ktime_get_tai_ns", LinuxVersion(6, 1)), (210, "cgrp_storage_get", LinuxVersion(6, 2)),
            (211, "cgrp_storage_delete", LinuxVersion(6, 2)),
        ] as [(UInt32, String, LinuxVersion)]
    )
    func helpers(number: UInt32, name: String, line: LinuxVersion) {
        #expect(HelperVersions.name(number) == "bpf_\(name)")
        #expect(HelperVersions.since(number) == line)
    }

    @Test(
        "of what is older than the table, or not there, no line is told",
        arguments: [0, 1, 141, 212, 2_001_000_000] as [UInt32]
    )
    func others(number: UInt32) {
        #expect(HelperVersions.since(number) == nil)
    }
}
