// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import TestBTF
import TestObjects
import TestProfiles
import Testing
import VerifierLog

@testable import CompatibilityCheck

@Suite struct TailCallTests {
    /// Predictions of programs in these sections, which share a table of tail calls.
    private static func codes(
        _ sections: [String],
        on version: String,
        types: CheckedKernel.Types = .notKnown
    ) throws -> [[CauseCode]] {
        let programs = sections.enumerated().map { place, section in
            "SEC(\"\(section)\") int program\(place)(void *context) { asm volatile(\"\" : : \"r\"(&table)); return 0; }"
        }
        let bytes = try CompiledObject.bytes(
            """
            struct { __uint(type, 3); __uint(max_entries, 4); __type(key, u32); __type(value, u32); } table SEC(".maps");
            \(programs.joined(separator: "\n"))
            """
        )
        let object = try CheckedObject(bytes)
        let kernel = CheckedKernel(
            version: version,
            profile: KernelProfile(.madeUp, configuration: nil),
            types: types
        )
        var findings = sections.map { _ in Findings() }
        TailCallRequirements(object, kernel).check(into: &findings, Findings())
        return findings.map { $0.reasons.map(\.code) + $0.unknowns.map { _ in .unknown } }
    }

    @Test(
        "a table of tail calls belongs to the kind of its first user",
        arguments: [
            (["tc", "tc"], "5.10.1", [[], []]),
            (["tc", "xdp"], "5.10.1", [[], [.tailCallTable]]),
            (["cgroup/sendmsg4", "cgroup/recvmsg4"], "6.18.1", [[], [.tailCallTable]]),
            // Some kernels had it carried back, which only their types tell.
            (["cgroup/sendmsg4", "cgroup/recvmsg4"], "6.1.1", [[], [.unknown]]),
            (["cgroup/sock_create", "cgroup/sock"], "6.18.1", [[], []]),
            (["xdp", "xdp.frags"], "6.18.1", [[], [.tailCallTable]]),
            // One that is left out takes no table from those that are loaded.
            (["?xdp", "tc", "?tc"], "6.18.1", [[.tailCallTable], [], []]),
            (["?xdp", "?tc"], "6.18.1", [[], []]),
        ] as [([String], String, [[CauseCode]])]
    )
    func tables(sections: [String], version: String, expected: [[CauseCode]]) throws {
        #expect(try Self.codes(sections, on: version) == expected)
    }

    /// Types of a kernel that keeps these of a table's owner.
    private static func types(keeping fields: [String]) throws -> CheckedKernel.Types {
        var blob = TypeBlob()
        let integer = blob.integer("unsigned int", size: 4)
        let members = fields.enumerated().map { TypeBlob.Member($0.element, integer, at: 4 * UInt32($0.offset)) }
        _ = blob.structure("bpf_map_owner", size: 4 * UInt32(fields.count), members)
        return .present(try BTFTypes(blob.bytes))
    }

    @Test("the kernel's types tell what it compares, whatever its version")
    func owners() throws {
        let sections = ["cgroup/sendmsg4", "cgroup/recvmsg4"]
        let without = try Self.types(keeping: ["type", "jited"])
        #expect(try Self.codes(sections, on: "6.18.1", types: without) == [[], []])
        let with = try Self.types(keeping: ["type", "jited", "expected_attach_type"])
        #expect(try Self.codes(sections, on: "6.1.1", types: with) == [[], [.tailCallTable]])
        #expect(try Self.codes(["uprobe", "uprobe.s"], on: "6.1.1", types: with) == [[], []])
        let sleeping = try Self.types(keeping: ["type", "jited", "sleepable"])
        #expect(try Self.codes(["uprobe", "uprobe.s"], on: "6.1.1", types: sleeping) == [[], [.tailCallTable]])
    }

    @Test("both programs and the table are named")
    func names() throws {
        let bytes = try CompiledObject.bytes(
            """
            struct { __uint(type, 3); __uint(max_entries, 4); __type(key, u32); __type(value, u32); } table SEC(".maps");
            SEC("tc") int one(void *context) { asm volatile("" : : "r"(&table)); return 0; }
            SEC("xdp") int other(void *context) { asm volatile("" : : "r"(&table)); return 0; }
            """
        )
        let object = try CheckedObject(bytes)
        let kernel = CheckedKernel(version: "6.1.1", profile: nil, types: .notKnown)
        var findings = [Findings(), Findings()]
        TailCallRequirements(object, kernel).check(into: &findings, Findings())
        let reason = try #require(findings[1].reasons.first)
        for name in ["'one'", "'other'", "'table'"] { #expect(reason.sentence.contains(name)) }
        #expect(reason.place?.line == 3)
        #expect(reason.cure == "one table for each type of program and attach type")
    }

    @Test("a program that the verifier accepts and the table does not is explained so")
    func explanation() throws {
        let contents = try CompiledObject.contents(
            """
            struct { __uint(type, 3); __uint(max_entries, 4); __type(key, u32); __type(value, u32); } table SEC(".maps");
            SEC("tc") int one(void *context) { asm volatile("" : : "r"(&table)); return 0; }
            SEC("xdp") int other(void *context) { asm volatile("" : : "r"(&table)); return 0; }
            """
        )
        let table = try #require(contents.tailCallTables(try contents.linkedPrograms()).first)
        let said =
            "processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
        var evidence = Evidence(refusal: .program, errno: 22, log: VerifierLog(Array(said.utf8)))
        evidence.program.sharedTables = [
            Evidence.SharedTable(name: table.name, own: table.users[1], other: table.users[0])
        ]
        let cause = Cause(of: evidence)
        #expect(cause.code == .tailCallTable)
        #expect(cause.instruction == table.users[1].instruction)
    }
}
