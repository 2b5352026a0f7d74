// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import TestObjects
import TestProfiles
import Testing
import VerifierLog

@testable import CompatibilityCheck

@Suite struct MapCompatibilityTests {
    private static func kernel(_ version: String) -> CheckedKernel {
        CheckedKernel(version: version, profile: KernelProfile(.madeUp, configuration: nil), types: .notKnown)
    }

    /// Of one program in this section, that names a map of these fields.
    private static func findings(
        _ section: String,
        _ fields: String,
        on version: String,
        types: String = ""
    ) throws -> Findings {
        let bytes = try CompiledObject.bytes(
            """
            \(types)
            struct { \(fields) } m SEC(".maps");
            SEC("\(section)") int program(void *context) { asm volatile("" : : "r"(&m)); return 0; }
            """
        )
        var findings = Findings()
        MapCompatibility(try CheckedObject(bytes), 0, kernel(version)).check(into: &findings)
        return findings
    }

    private static func valued(_ type: Int) -> String {
        "__uint(type, \(type)); __uint(max_entries, 1); __type(key, int); __type(value, struct counter);"
    }
    private static let locked =
        "struct bpf_spin_lock { u32 value; }; struct counter { struct bpf_spin_lock lock; int hits; };"
    private static let timed =
        "struct bpf_timer { u64 opaque[2]; }; struct counter { u64 hits; struct bpf_timer timer; };"

    @Test(
        "a lock in a map's values keeps probes and socket filters from the map, and others not",
        arguments: [
            ("kprobe/vfs_read", "5.10.1", [.lockNotAllowed]), ("tracepoint/a/b", "6.1.1", [.lockNotAllowed]),
            ("raw_tp/a", "6.12.1", [.lockNotAllowed]), ("perf_event", "7.2.1", [.lockNotAllowed]),
            ("socket", "7.3.1", [.lockNotAllowed]), ("tc", "5.10.1", []), ("xdp", "7.3.1", []),
            ("fentry/vfs_read", "6.1.1", []), ("syscall", "6.1.1", [.lockNotAllowed]), ("syscall", "6.6.1", []),
            ("raw_tp.w/a", "5.10.1", []), ("raw_tp.w/a", "6.1.1", [.lockNotAllowed]),
        ] as [(String, String, [CauseCode])]
    )
    func locks(section: String, version: String, expected: [CauseCode]) throws {
        let findings = try Self.findings(section, Self.valued(2), on: version, types: Self.locked)
        #expect(findings.reasons.map(\.code) == expected)
        #expect(findings.unknowns.isEmpty)
    }

    @Test("a lock that the kernel does not find is none")
    func strangeLocks() throws {
        // In a hash that drops what is old, in a structure inside, where the keys have no type, for reading only, and of two.
        let nested = Self.locked + " struct holder { u64 other; struct counter counter; };"
        for (fields, types) in [
            (Self.valued(9), Self.locked),
            (Self.valued(2).replacing("struct counter", with: "struct holder"), nested),
            (Self.valued(2).replacing("__type(key, int)", with: "__uint(key_size, 4)"), Self.locked),
            (Self.valued(2) + "__uint(map_flags, 1 << 7);", Self.locked),
            (Self.valued(2), Self.locked.replacing("int hits;", with: "int hits; struct bpf_spin_lock other;")),
        ] {
            #expect(
                try Self.findings("kprobe/vfs_read", fields, on: "6.1.1", types: types).reasons.isEmpty,
                "\(fields)"
            )
        }
    }

    @Test("a lock in a structure inside a value is found by 6.12, not by 6.1, and between nobody has looked")
    func nestedLocks() throws {
        let nested = Self.locked + " struct holder { u64 other; struct counter counter; };"
        let fields = Self.valued(2).replacing("struct counter", with: "struct holder")
        func findings(_ version: String) throws -> Findings {
            try Self.findings("kprobe/vfs_read", fields, on: version, types: nested)
        }
        #expect(try findings("6.12.1").reasons.map(\.code) == [.lockNotAllowed])
        #expect(try findings("6.6.1").reasons.isEmpty)
        #expect(try findings("6.6.1").unknowns.map(\.code) == [.lockNotAllowed])
    }

    @Test(
        "timers keep probes from a map as long as kernels refuse them",
        arguments: [
            ("5.10.1", []), ("5.16.1", [.timerMisuse]), ("6.12.1", [.timerMisuse]), ("7.2.1", []),
        ] as [(String, [CauseCode])]
    )
    func timers(version: String, expected: [CauseCode]) throws {
        let findings = try Self.findings("kprobe/vfs_read", Self.valued(1), on: version, types: Self.timed)
        #expect(findings.reasons.map(\.code) == expected)
        #expect(try Self.findings("tc", Self.valued(1), on: version, types: Self.timed).reasons.isEmpty)
    }

    private static func sized(_ type: Int, key: Int = 4, value: Int = 8, flags: Int = 0) -> String {
        "__uint(type, \(type)); __uint(key_size, \(key)); __uint(value_size, \(value)); __uint(max_entries, 1); "
            + "__uint(map_flags, \(flags));"
    }

    @Test(
        "programs that may sleep use the types of maps that their kernel lets them",
        arguments: [
            (2, "5.10.1", []), (6, "5.10.1", [.mapNotForProgram]), (6, "5.12.1", []),
            (27, "5.10.1", [.mapNotForProgram]), (27, "6.1.1", []), (16, "6.12.1", [.mapNotForProgram]),
            (22, "6.1.1", [.mapNotForProgram]), (22, "6.12.1", []),
        ] as [(Int, String, [CauseCode])]
    )
    func sleeping(type: Int, version: String, expected: [CauseCode]) throws {
        let fields = Self.sized(type)
        #expect(try Self.findings("fentry.s/vfs_read", fields, on: version).reasons.map(\.code) == expected)
        #expect(try Self.findings("fentry/vfs_read", fields, on: version).reasons.isEmpty)
    }

    @Test("elements that are allocated as they are needed are for perf events since 6.1")
    func allocation() throws {
        let fields = Self.sized(1, flags: 1)
        #expect(try Self.findings("perf_event", fields, on: "5.15.1").reasons.map(\.code) == [.mapNotForProgram])
        #expect(try Self.findings("perf_event", fields, on: "6.1.1").reasons.isEmpty)
        #expect(try Self.findings("kprobe/vfs_read", fields, on: "5.15.1").reasons.isEmpty)
        let outer =
            "__uint(type, 12); __uint(max_entries, 1); __type(key, int); __array(values, struct { \(fields) });"
        #expect(try Self.findings("perf_event", outer, on: "5.15.1").reasons.map(\.code) == [.mapNotForProgram])
    }
}
