// SPDX-License-Identifier: Apache-2.0

import Testing
import VerifierLog

@Suite struct VerifierLogTests {
    /// What kernels print about a program that they accept, at the level of statistics.
    @Test("statistics of 5.10, 6.12 and 7.2")
    func statistics() {
        let old = VerifierLog(
            Array(
                """
                verification time 258 usec
                stack depth 0+8+16
                processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 4 peak_states 3 mark_read 1

                """.utf8
            )
        )
        #expect(old.statistics.instructions == 9)
        #expect(old.statistics.totalStates == 4)
        #expect(old.statistics.peakStates == 3)
        #expect(old.statistics.stackDepth == 24)
        #expect(old.finalMessage == nil)

        let new = VerifierLog(
            Array(
                """
                verification time 8070 usec
                stack depth 48 max 48
                insns processed 92
                processed 92 insns (limit 1000000) max_states_per_insn 0 total_states 7 peak_states 7 mark_read 0

                """.utf8
            )
        )
        #expect(new.statistics.instructions == 92)
        #expect(new.statistics.stackDepth == 48)
        #expect(new.finalMessage == nil)
    }

    @Test("a refusal's reason and place come before the statistics")
    func refusal() {
        let log = VerifierLog(
            Array(
                """
                0: R1=ctx() R10=fp0
                ; event.sector = rq->__sector; @ biosnoop.bpf.c:181
                84: (79) r1 = *(u64 *)(r10 -8)        ; R1_w=scalar() R10=fp0
                85: (79) r2 = *(u64 *)(r1 +48)
                R1 invalid mem access 'scalar'
                verification time 3680 usec
                stack depth 96
                processed 43 insns (limit 1000000) max_states_per_insn 0 total_states 3 peak_states 3 mark_read 2

                """.utf8
            )
        )
        #expect(log.finalMessage == "R1 invalid mem access 'scalar'")
        #expect(log.sourceLine == "event.sector = rq->__sector; @ biosnoop.bpf.c:181")
        #expect(log.statistics.instructions == 43)
    }

    @Test("a log of the registers' states alone has no message")
    func traceOnly() {
        let log = VerifierLog(Array("0: (95) exit\nfrom 1 to 3: R0=0\nlast_idx 3 first_idx 0\n".utf8))
        #expect(log.finalMessage == nil)
        #expect(log.sourceLine == nil)
        #expect(VerifierLog(Array("; \n7: (79) r0 = 0\n".utf8)).sourceLine == nil)
    }

    @Test(
        "nothing that a guest may send as a log breaks the reader",
        arguments: [
            [], [0], [10, 10, 10], Array("processed ".utf8), Array("processed 99999999999999999999999 insns".utf8),
            Array("stack depth +++".utf8), Array("stack depth 9223372036854775807+1".utf8), [0xff, 0xfe, 0x80],
        ] as [[UInt8]]
    )
    func hostile(bytes: [UInt8]) {
        let log = VerifierLog(bytes)
        #expect(log.statistics.instructions == nil)
        #expect((log.statistics.stackDepth ?? 0) >= 0)
    }

    @Test("a long log is read from its end")
    func long() {
        let trace = Array(repeating: "12: (b7) r0 = 0 ; R0_w=0", count: 20000).joined(separator: "\n")
        let log = VerifierLog(Array((trace + "\nBPF program is too large\nprocessed 1000001 insns\n").utf8))
        #expect(log.finalMessage == "BPF program is too large")
        #expect(log.statistics.instructions == 1_000_001)
    }
}
