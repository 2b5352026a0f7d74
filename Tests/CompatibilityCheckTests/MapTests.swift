// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import TestObjects
import TestProfiles
import Testing
import VerifierLog

@testable import CompatibilityCheck

@Suite struct MapTests {
    /// A kernel that has every type of map.
    private static func kernel(
        _ version: String = "6.1.192",
        configuration: String? = "CONFIG_X86_64=y\nCONFIG_NR_CPUS=512\n"
    ) -> CheckedKernel {
        var account = KernelAccount.madeUp
        account.mapTypes = TypeAnswers(present: Array(1...33))
        let read = configuration.map { KernelConfiguration(Array($0.utf8)) }
        return CheckedKernel(version: version, profile: KernelProfile(account, configuration: read), types: .notKnown)
    }

    private static func findings(_ fields: String, on kernel: CheckedKernel = kernel()) throws -> Findings {
        let contents = try CompiledObject.contents(
            "struct { \(fields) } m SEC(\".maps\"); SEC(\"socket\") int program(void *context) { return (long)&m != 0; }"
        )
        var findings = Findings()
        MapRequirements(try #require(contents.map("m")), kernel, contents.types).check(into: &findings)
        return findings
    }

    /// Fields of a map of this type, with sizes alone.
    private static func sizes(_ type: Int, key: Int, value: Int, flags: Int = 0, entries: Int = 1) -> String {
        "__uint(type, \(type)); __uint(key_size, \(key)); __uint(value_size, \(value)); __uint(map_flags, \(flags)); "
            + (entries > 0 ? "__uint(max_entries, \(entries));" : "")
    }

    @Test(
        "what kernels refuse in a map is predicted, and what they take is not",
        arguments: [
            (sizes(6, key: 4, value: 65536), [.memoryLimit]), (sizes(6, key: 4, value: 32768), []),
            (sizes(1, key: 600, value: 8), [.mapAttributes]), (sizes(1, key: 512, value: 8), []),
            (sizes(11, key: 4, value: 8, flags: 1), [.mapAttributes]), (sizes(11, key: 5, value: 8, flags: 1), []),
            (sizes(14, key: 4, value: 16), [.mapAttributes]), (sizes(14, key: 4, value: 8), []),
            (sizes(17, key: 4, value: 8), [.mapAttributes]), (sizes(17, key: 4, value: 4), []),
            (sizes(18, key: 600, value: 4), [.mapAttributes]), (sizes(18, key: 8, value: 4), []),
            (sizes(19, key: 4, value: 8, entries: 0), [.mapAttributes]), (sizes(19, key: 8, value: 8, entries: 0), []),
            (sizes(24, key: 4, value: 8, flags: 1, entries: 0), [.mapAttributes]),
            ("__uint(type, 24); __uint(map_flags, 1); __type(key, int); __type(value, long);", []),
            (sizes(1, key: 4, value: 8) + "__uint(map_extra, 3);", [.mapAttributes]),
            // BPF_F_INNER_MAP, BPF_F_PRESERVE_ELEMS, BPF_F_RDONLY with BPF_F_WRONLY, an arena without BPF_F_MMAPABLE
            (sizes(1, key: 4, value: 8, flags: 1 << 12), [.mapAttributes]),
            (sizes(2, key: 4, value: 8, flags: 1 << 11), [.mapAttributes]),
            (sizes(1, key: 4, value: 8, flags: 1 << 3 | 1 << 4), [.mapAttributes]),
            (sizes(1, key: 4, value: 8, flags: 1 << 3), []),
            (sizes(33, key: 0, value: 0), [.mapAttributes]), (sizes(33, key: 0, value: 0, flags: 1 << 10), []),
        ] as [(String, [CauseCode])]
    )
    func rules(fields: String, expected: [CauseCode]) throws {
        #expect(try Self.findings(fields).reasons.map(\.code) == expected)
    }

    @Test(
        "each type of map has its own rules",
        arguments: [
            // Storage of cgroups has an entry for each cgroup.
            (sizes(19, key: 16, value: 8, entries: 1), [.mapAttributes]),
            (sizes(21, key: 16, value: 8, entries: 0), []),
            // What each processor has of its own is in no node that is chosen; unless none is.
            (sizes(5, key: 4, value: 8, flags: 1 << 2), [.mapAttributes]),
            (sizes(6, key: 4, value: 8, flags: 1 << 2), [.mapAttributes]),
            (sizes(5, key: 4, value: 8, flags: 1 << 2) + "__uint(numa_node, 0xffffffff);", []),
            (sizes(1, key: 4, value: 8, flags: 1 << 2), []),
            (sizes(9, key: 4, value: 8, flags: 1 << 2 | 1 << 1), [.mapAttributes]),
            (sizes(9, key: 4, value: 8, flags: 1), [.mapAttributes]),
            (sizes(1, key: 4, value: 8, flags: 1 << 1), [.mapAttributes]),
            // Bloom filters have 15 hash functions at most.
            (sizes(30, key: 0, value: 8) + "__uint(map_extra, 16);", [.mapAttributes]),
            (sizes(30, key: 0, value: 8) + "__uint(map_extra, 15);", []),
            // Stack traces may be for reading only, and hold whole addresses.
            (sizes(7, key: 4, value: 80, flags: 1 << 3), []), (sizes(7, key: 4, value: 81), [.mapAttributes]),
            (sizes(7, key: 4, value: 64, flags: 1 << 5), []),
            (sizes(7, key: 4, value: 40, flags: 1 << 5), [.mapAttributes]),
            (sizes(7, key: 4, value: 80, flags: 1 << 7), [.mapAttributes]),
            // As many processors as the kernel is built for.
            (sizes(16, key: 4, value: 4, entries: 513), [.mapAttributes]),
            (sizes(16, key: 4, value: 4, entries: 512), []),
            // Pages of an arena: 4 GiB at most, that begin at a page and cross no border of 4 GiB.
            (sizes(33, key: 0, value: 0, flags: 1 << 10, entries: 0x100001), [.mapAttributes]),
            (sizes(33, key: 0, value: 0, flags: 1 << 10, entries: 0x100000), []),
            (sizes(33, key: 0, value: 0, flags: 1 << 10) + "__uint(map_extra, 4097);", [.mapAttributes]),
            (
                sizes(33, key: 0, value: 0, flags: 1 << 10, entries: 2) + "__ulong(map_extra, 0xfffff000);",
                [.mapAttributes]
            ),
            // libbpf rounds rings up.
            (sizes(27, key: 0, value: 0, entries: 5000), []),
            (sizes(27, key: 4, value: 0, entries: 4096), [.mapAttributes]),
            // Arrays of descriptors know no access of programs.
            (sizes(3, key: 4, value: 4, flags: 1 << 3), []),
            (sizes(3, key: 4, value: 4, flags: 1 << 7), [.mapAttributes]),
            (sizes(22, key: 0, value: 8, flags: 1 << 7), []), (sizes(22, key: 0, value: 5 << 20), [.memoryLimit]),
            (sizes(20, key: 4, value: 8), []), (sizes(20, key: 4, value: 16), [.mapAttributes]),
            (sizes(15, key: 4, value: 4, flags: 1 << 7), [.mapAttributes]),
            // Storage with sockets is kept by an int.
            (
                "__uint(type, 24); __uint(map_flags, 1); __type(key, struct { int a; }); __type(value, long);",
                [.mapAttributes]
            ),
            ("__uint(type, 24); __uint(map_flags, 1); __type(key, u32); __type(value, long);", []),
            ("__uint(type, 24); __uint(map_flags, 1); __type(key, int); __type(value, char[66000]);", [.mapAttributes]),
            (sizes(1, key: 4, value: 8, flags: 1, entries: (1 << 27) + 1), [.mapAttributes]),
        ] as [(String, [CauseCode])]
    )
    func types(fields: String, expected: [CauseCode]) throws {
        #expect(try Self.findings(fields).reasons.map(\.code) == expected)
    }

    @Test(
        "rules are those of the kernel's line",
        arguments: [
            (sizes(2, key: 4, value: 5 << 20), "5.10.262", [.memoryLimit]),
            (sizes(2, key: 4, value: 5 << 20), "6.1.1", []),
            (sizes(19, key: 16, value: 5000, entries: 0), "5.10.262", [.memoryLimit]),
            (sizes(19, key: 16, value: 5000, entries: 0), "6.1.1", []),
            (sizes(5, key: 4, value: 40000, flags: 1), "6.1.1", [.memoryLimit]),
            (sizes(11, key: 8, value: 5 << 20, flags: 1), "6.1.1", [.mapAttributes]),
            (sizes(11, key: 8, value: 3 << 20, flags: 1), "6.1.1", []),
            (sizes(5, key: 4, value: 40000), "6.1.1", [.memoryLimit]),
        ] as [(String, String, [CauseCode])]
    )
    func lines(fields: String, version: String, expected: [CauseCode]) throws {
        let findings = try Self.findings(fields, on: Self.kernel(version))
        #expect(findings.reasons.map(\.code) == expected)
        #expect(findings.unknowns.isEmpty)
    }

    @Test(
        "what depends on what is not known is neither predicted nor ruled out",
        arguments: [
            sizes(16, key: 4, value: 4, entries: 64), sizes(6, key: 4, value: 40000),
            sizes(33, key: 0, value: 0, flags: 1 << 10, entries: 0x80000), sizes(22, key: 0, value: 5 << 20),
            sizes(1, key: 4, value: 8, flags: 1 << 2) + "__uint(numa_node, 1);",
            sizes(1, key: 4, value: 8, flags: 1, entries: 1 << 26),
        ]
    )
    func unknowns(fields: String) throws {
        let findings = try Self.findings(fields, on: Self.kernel(configuration: nil))
        #expect(findings.reasons.isEmpty)
        #expect(!findings.unknowns.isEmpty)
    }

    @Test("more addresses of a stack than usual are taken or not, as the system was set up")
    func stacks() throws {
        let findings = try Self.findings(Self.sizes(7, key: 4, value: 2048))
        #expect(findings.reasons.isEmpty)
        #expect(findings.unknowns.contains { $0.code == .mapAttributes })
    }

    @Test("maps in maps are looked at too")
    func innerMaps() throws {
        let outer = "__uint(type, 12); __uint(max_entries, 1); __type(key, int); "
        func codes(_ inner: String) throws -> [CauseCode] {
            try Self.findings(outer + "__array(values, struct { \(inner) });").reasons.map(\.code)
        }
        #expect(try codes(Self.sizes(1, key: 4, value: 8)) == [])
        #expect(try codes(Self.sizes(1, key: 4, value: 8, entries: 0)) == [.mapAttributes])
        #expect(try codes(Self.sizes(1, key: 4, value: 8, flags: 1 << 12)) == [.mapAttributes])
        #expect(try codes(Self.sizes(3, key: 4, value: 4)) == [.mapAttributes])
        #expect(try codes(Self.sizes(30, key: 0, value: 8)) == [])
    }

    @Test("an explanation of a refused map says what its type's rules say")
    func complaints() throws {
        let contents = try CompiledObject.contents(
            """
            struct { \(Self.sizes(6, key: 8, value: 8)) } m SEC(".maps");
            SEC("socket") int program(void *context) { return (long)&m != 0; }
            """
        )
        let map = try #require(contents.map("m"))
        let complaint = try #require(Evidence.Complaint(of: map, contents.types, on: Self.kernel()))
        #expect(complaint.code == .mapAttributes)
        #expect(complaint.sentence.contains("keys must have 4 bytes, not 8"))
    }

    @Test("what an object leaves to its loader is predicted as test loads it, and refused as compiled")
    func assumptions() throws {
        let bytes = try CompiledObject.bytes(
            """
            struct { __uint(type, 1); __type(key, u32); __type(value, u64); } table SEC(".maps");
            SEC("fentry") int program(void *context) { return (long)&table == 0; }
            """
        )
        func codes(isAsCompiled: Bool) throws -> Set<CauseCode> {
            let object = try CheckedObject(bytes, isAsCompiled: isAsCompiled)
            return Set(CompatibilityCheck(object, on: Self.kernel()).predictions().flatMap(\.reasons).map(\.code))
        }
        #expect(try codes(isAsCompiled: true).isSuperset(of: [.maxEntriesUnset, .targetUnset]))
        #expect(try codes(isAsCompiled: false).isDisjoint(with: [.maxEntriesUnset, .targetUnset]))
    }
}
