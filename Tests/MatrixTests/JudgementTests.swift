// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import Testing

@testable import Matrix

/// Evidence and what it amounts to; `RejectionTests` has the same from real kernels.
@Suite struct JudgementTests {
    private func judge(
        _ stage: LoadStage,
        errno: Int32 = 22,
        log: String = "",
        warnings: String = "",
        maps: [MapReport] = []
    ) -> Judgement {
        Judgement(
            ProgramReport(
                request: 1,
                program: "p",
                section: "s",
                type: 2,
                stage: stage,
                errno: errno,
                log: Array(log.utf8),
                isLogCut: false,
                warnings: warnings
            ),
            refusedMaps: maps
        )
    }

    private let map = MapReport(
        request: 1,
        map: "table",
        index: 3,
        type: 30,
        maxEntries: 8,
        errno: 22,
        warnings: "libbpf: map 'table': failed to create: -EINVAL"
    )

    @Test(
        "the kernel's refusals",
        arguments: [
            ("R0 invalid mem access 'map_value_or_null'\nprocessed 7 insns", 13, Verdict.rejected),
            ("invalid func unknown#181\nprocessed 7 insns", 22, .unsupported),
            ("5: (85) call unknown#195896080\ninvalid func unknown#195896080\nprocessed 7 insns", 22, .relocation),
            ("invalid func unknown#2002000001\nprocessed 7 insns", 22, .unsupported),
            ("", 22, .unsupported),
            ("", 1, .rejected),
            ("calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF\n", 524, .unsupported),
        ]
    )
    func kernel(log: String, errno: Int, expected: Verdict) {
        let judgement = judge(.kernel, errno: Int32(errno), log: log)
        #expect(judgement.verdict == expected)
        #expect(judgement.message?.isEmpty == false)
    }

    @Test("a map that was refused explains the program that needs it, and reddens the one that does not")
    func maps() {
        let needing = judge(.kernel, log: "invalid func unknown#2001000003\nprocessed 1 insns", maps: [map])
        #expect(needing.verdict == .map)
        #expect(needing.message?.contains("'table'") == true)
        #expect(judge(.accepted, errno: 0, maps: [map]).verdict == .map)
        #expect(judge(.accepted, errno: 0).verdict == .accepted)
    }

    @Test("what a program was rejected for is not blamed on a map that it does not use")
    func otherReason() {
        let judgement = judge(.kernel, errno: 13, log: "R1 invalid mem access 'scalar'\nprocessed 1 insns", maps: [map])
        #expect(judgement.verdict == .rejected)
    }

    @Test(
        "libbpf's refusals",
        arguments: [
            ("libbpf: prog 'p': failed to find kernel BTF type ID of 'no_such': -3", Verdict.target),
            ("libbpf: extern (func ksym) 'bpf_x': not found in kernel or module BTFs", .unsupported),
            ("libbpf: extern 'CONFIG_X' (strong): not resolved", .relocation),
            ("libbpf: kernel BTF is missing at '/sys/kernel/btf/vmlinux'", .unsupported),
            ("libbpf: struct_ops init_kern foo: struct bar is not found in kernel BTF", .unsupported),
            ("libbpf: something that nobody has seen before", .object),
            ("", .object),
        ]
    )
    func loader(warnings: String, expected: Verdict) {
        #expect(judge(.loader, errno: 3, warnings: warnings).verdict == expected)
    }

    @Test("a program about which nothing was said is never green")
    func silence() {
        for stage in ObjectStage.allCases {
            let report = ObjectReport(request: 1, stage: stage, errno: 22, warnings: "", taint: 0)
            #expect(Judgement(report).verdict != .accepted)
        }
    }
}
