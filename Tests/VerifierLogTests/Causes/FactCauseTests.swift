// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// Causes of refusals without words: told from what is known of program, map and kernel, and never from what is not.
@Suite struct FactCauseTests {
    private func map(_ type: UInt32, entries: UInt32 = 8, errno: Int32 = 22, exists: Bool? = nil) -> Evidence.MapFacts {
        Evidence.MapFacts(name: "things", index: 0, type: type, maxEntries: entries, errno: errno, typeExists: exists)
    }

    private func code(_ map: Evidence.MapFacts, on release: String?) -> CauseCode {
        var evidence = Evidence(refusal: .map(map), errno: map.errno)
        evidence.kernel.release = release
        return Cause(of: evidence).code
    }

    private static let hash: UInt32 = 1
    private static let hashOfMaps: UInt32 = 13
    private static let bloomFilter: UInt32 = 30

    @Test(
        "a type of map is lacking where the kernel says so, or is older than the type; else its attributes are refused"
    )
    func mapTypes() {
        #expect(code(map(Self.bloomFilter), on: "5.10.0") == .mapTypeLacking)
        #expect(code(map(Self.bloomFilter), on: "6.1.0") == .mapAttributes)
        #expect(code(map(Self.bloomFilter, exists: true), on: "5.10.0") == .mapAttributes)
        #expect(code(map(Self.bloomFilter, exists: false), on: nil) == .mapTypeLacking)
        #expect(code(map(Self.bloomFilter), on: nil) == .mapAttributes)
        #expect(code(map(222), on: "7.2.0") == .mapTypeLacking)
    }

    @Test("what a loader sets is told from what the kernel refuses")
    func loaderContract() {
        #expect(code(map(Self.hash, entries: 0), on: "6.1.0") == .maxEntriesUnset)
        #expect(code(map(Self.hashOfMaps), on: "6.1.0") == .innerMapUnset)
        #expect(code(map(Self.hash), on: "6.1.0") == .mapAttributes)
    }

    @Test("memory and privilege have their own errno")
    func limits() {
        #expect(code(map(Self.hash, errno: 12), on: "6.1.0") == .memoryLimit)
        #expect(code(map(Self.hash, errno: 7), on: "6.1.0") == .memoryLimit)
        #expect(code(map(Self.hash, errno: 1), on: "6.1.0") == .permission)
        #expect(code(map(Self.hash, errno: 28), on: "6.1.0") == .mapAttributes)
    }

    @Test("the size that is too large is blamed, and not the number of entries beside it")
    func sizes() {
        func sentence(_ type: UInt32, entries: UInt32, value: UInt32, errno: Int32 = 7) -> String {
            var map = map(type, entries: entries, errno: errno)
            map.keySize = 4
            map.valueSize = value
            return Cause(of: Evidence(refusal: .map(map), errno: errno)).sentence
        }
        let perCPUArray: UInt32 = 6
        #expect(sentence(perCPUArray, entries: 1, value: 65536).contains("has 65536 bytes; one that each CPU"))
        #expect(
            sentence(perCPUArray, entries: 1, value: 65536, errno: 12).contains("has 65536 bytes; one that each CPU")
        )
        #expect(sentence(Self.hash, entries: 5, value: 8_000_000).contains("have 8000004 bytes together"))
        #expect(sentence(Self.hash, entries: 1_000_000_000, value: 8).contains("1000000000 entries of 8 bytes"))
        #expect(sentence(Self.hash, entries: 5, value: 8_000_000, errno: 12).contains("5 entries of 8000000 bytes"))
    }

    @Test(
        "a size that a type of map has a rule for is no matter of memory",
        arguments: [
            (hash, 520, 8, "5.10.0", CauseCode.mapAttributes, "5.11"), (hash, 520, 8, "6.1.0", .memoryLimit, nil),
            (hash, 512, 8, "5.10.0", .memoryLimit, nil), (hash, 520, 8, nil, .mapAttributes, "5.11"),
            (18, 520, 4, "6.12.0", .mapAttributes, nil), (16, 4, 4, "6.12.0", .mapAttributes, nil),
            (29, 4, 70000, "6.12.0", .mapAttributes, nil), (29, 4, 8, "6.12.0", .memoryLimit, nil),
        ] as [(UInt32, UInt32, UInt32, String?, CauseCode, String?)]
    )
    func rules(type: UInt32, key: UInt32, value: UInt32, release: String?, code: CauseCode, since: String?) {
        var map = map(type, errno: 7)
        (map.keySize, map.valueSize) = (key, value)
        var evidence = Evidence(refusal: .map(map), errno: 7)
        evidence.kernel.release = release
        let cause = Cause(of: evidence)
        #expect(cause.code == code)
        #expect(cause.since?.description == since)
    }

    private func code(
        _ section: String,
        type: UInt32?,
        errno: Int32 = 22,
        on release: String?,
        off: ConfigurationSwitch? = nil
    ) -> CauseCode {
        var evidence = Evidence(refusal: .program, errno: errno)
        evidence.program.section = section
        evidence.program.type = type
        evidence.kernel.release = release
        if let off { evidence.kernel.configuration = [off: false] }
        return Cause(of: evidence).code
    }

    @Test(
        "a program that was refused unseen: its type, what it attaches to, or the configuration, where they tell; else unseen"
    )
    func unseen() {
        #expect(code("netfilter", type: 32, on: "6.1.0") == .programTypeLacking)
        #expect(code("netfilter", type: 32, on: "6.12.0") == .refusedUnseen)
        #expect(code("netfilter", type: 32, on: nil) == .refusedUnseen)
        #expect(code("netfilter", type: 32, on: "6.12.0", off: .netfilter) == .configurationOff)
        #expect(code("?cgroup/connect_unix", type: 18, on: "6.1.0") == .attachTypeLacking)
        #expect(code("cgroup/connect4", type: 18, on: "6.1.0") == .refusedUnseen)
        #expect(code("lirc_mode2", type: 20, on: "6.1.0", off: .lirc) == .configurationOff)
        #expect(code("lirc_mode2", type: 20, on: "6.1.0", off: .lsm) == .refusedUnseen)
    }

    @Test("other errnos say what they say")
    func errnos() {
        #expect(code("xdp", type: 6, errno: 1, on: "6.1.0") == .permission)
        #expect(code("xdp", type: 6, errno: 12, on: "6.1.0") == .memoryLimit)
        #expect(code("xdp", type: 6, errno: 7, on: "6.1.0") == .programTooLarge)
        #expect(code("xdp", type: 6, errno: 5, on: "6.1.0") == .unknown)
        var small = Evidence(refusal: .program, errno: 7)
        small.program.instructionCount = 12
        #expect(Cause(of: small).code == .unknown)
    }

    @Test("a kernel without types is told from libbpf's words")
    func types() {
        let warning = "libbpf: kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?"
        #expect(Cause(of: Evidence(refusal: .loader, errno: 3, warnings: [warning])).kind == .noTypes)
    }
}

@Suite struct CauseCodeTests {
    @Test("every code has a kind, a meaning, and a name that scripts can rely on", arguments: CauseCode.allCases)
    func complete(code: CauseCode) {
        #expect(code.rawValue.wholeMatch(of: #/[a-z0-9]+(-[a-z0-9]+)*/#) != nil)
        #expect(code.meaning.hasSuffix(".") && code.meaning.count > 20)
        #expect((code.kind == .unknown) == (code == .unknown))
    }
}
