// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// Messages that kernels print on the line of an instruction, without a line feed before them.
@Suite struct GluedMessageTests {
    private static let end =
        "processed 1000001 insns (limit 1000000) max_states_per_insn 20 total_states 3 peak_states 5 mark_read 1\n"

    private func log(_ text: String) -> VerifierLog { VerifierLog(Array(text.utf8)) }

    @Test("behind a jump, after millions of instructions")
    func jump() {
        let log = log(
            "59: (2d) if r6 > r2 goto pc-20 BPF program is too large. Processed 1000001 insn\nverification time 27 usec\n"
                + Self.end
        )
        #expect(log.messages == ["BPF program is too large. Processed 1000001 insn"])
        #expect(log.failure?.text == "if r6 > r2 goto pc-20")
        let cause = Cause(of: Evidence(refusal: .program, errno: 7, log: log))
        #expect(cause.code == .tooComplex)
    }

    @Test(
        "behind every form of instruction that kernels print",
        arguments: [
            "(05) goto pc+3", "(06) gotol pc+70000", "(e5) may_goto pc+1", "(55) if r1 != 0x0 goto pc-2",
            "(1e) if w1 == w2 goto pc+1", "(85) call bpf_map_lookup_elem#1", "(85) call pc+5", "(95) exit",
            "(07) r1 += 4", "(bf) r1 = r2", "(bc) w1 = w2", "(87) r1 = -r1", "(b7) r1 = -4095", "(c7) r1 s>>= 32",
            "(bf) r1 = (s8)r2", "(dc) r1 = be16 r1", "(d7) r1 = bswap32 r1", "(3f) r1 s/= r2",
            "(bf) r1 = addr_space_cast(r2, 0, 1)", "(bf) r1 = &(void __percpu *)(r2)", "(61) r1 = *(u32 *)(r10 -4)",
            "(91) r1 = *(s8 *)(r2 +7)", "(18) r1 = 0xffff88800a1b2c00", "(28) r0 = *(u16 *)skb[26]",
            "(50) r0 = *(u8 *)skb[r7 + 2]", "(db) r0 = load_acquire((u64 *)(r1 +0))", "(7b) *(u64 *)(r10 -8) = r1",
            "(62) *(u32 *)(r10 -4) = 7", "(db) lock *(u64 *)(r1 +0) += r2",
            "(db) r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)",
            "(c3) r0 = atomic_cmpxchg((u32 *)(r1 +4), r0, r2)", "(db) store_release((u64 *)(r1 +0), r2)",
        ]
    )
    func forms(instruction: String) {
        let text = String(instruction.dropFirst(5))
        let glued = log("7: \(instruction) R1 !read_ok\n" + Self.end)
        #expect(glued.messages == ["R1 !read_ok"])
        #expect(glued.failure?.text == text)
        let plain = log("7: \(instruction)\nR1 !read_ok\n" + Self.end)
        #expect(plain.messages == ["R1 !read_ok"] && plain.failure?.text == text)
        let state = log("7: \(instruction)   ; R1_w=scalar() refs=4\nR1 !read_ok\n" + Self.end)
        #expect(state.messages == ["R1 !read_ok"] && state.failure?.text == text)
        let resumed = log("7: \(instruction) 14: R0=scalar()\nR1 !read_ok\n" + Self.end)
        #expect(resumed.messages == ["R1 !read_ok"] && resumed.failure?.text == text)
    }
}
