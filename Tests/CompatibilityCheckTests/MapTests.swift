// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import TestObjects
import TestProfiles
import Testing
import VerifierLog

@testable import CompatibilityCheck

@Suite struct MapTests {
    private static let kernel = CheckedKernel(
        version: "6.1.192",
        profile: KernelProfile(.madeUp, configuration: nil),
        types: .notKnown
    )

    private static func findings(_ fields: String) throws -> Findings {
        let contents = try CompiledObject.contents(
            "struct { \(fields) } m SEC(\".maps\"); SEC(\"socket\") int program(void *context) { return (long)&m != 0; }"
        )
        var findings = Findings()
        MapRequirements(try #require(contents.map("m")), kernel).check(into: &findings)
        return findings
    }

    /// Fields of a map of this type, with sizes alone.
    private static func sizes(_ type: Int, key: Int, value: Int, flags: Int = 0, entries: Int = 1) -> String {
        "__uint(type, \(type)); __uint(key_size, \(key)); __uint(value_size, \(value)); __uint(map_flags, \(flags)); "
            + (entries > 0 ? "__uint(max_entries, \(entries));" : "")
    }

    @Test(
        "what kernels refuse in a map is foretold, and what they take is not",
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
        #expect(try codes(Self.sizes(30, key: 0, value: 8)) == [.mapAttributes])
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
            return Set(CompatibilityCheck(object, on: Self.kernel).predictions().flatMap(\.reasons).map(\.code))
        }
        #expect(try codes(isAsCompiled: true).isSuperset(of: [.maxEntriesUnset, .targetUnset]))
        #expect(try codes(isAsCompiled: false).isDisjoint(with: [.maxEntriesUnset, .targetUnset]))
    }
}
