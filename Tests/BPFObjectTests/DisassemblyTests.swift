// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction
import Testing

@Suite struct DisassemblyTests {
    private typealias Instruction = BPFInstruction

    @Test(
        "an instruction is spelt as the verifier spells it",
        arguments: [
            (BPFInstruction.move(1, -5), "(b7) r1 = -5"), (.exit, "(95) exit"),
            (.call(1), "(85) call bpf_map_lookup_elem#1"), (.call(9999), "(85) call unknown#9999"),
            (.call(-1), "(85) call unknown#-1"),
            (Instruction(code: 0xbf, destination: 2, source: 10), "(bf) r2 = r10"),
            (Instruction(code: 0xbc, destination: 2, source: 3), "(bc) w2 = w3"),
            (Instruction(code: 0xbf, destination: 2, source: 3, offset: 8), "(bf) r2 = (s8)r3"),
            (Instruction(code: 0x07, destination: 2, immediate: -8), "(07) r2 += -8"),
            (Instruction(code: 0x87, destination: 2), "(87) r2 = -r2"),
            (Instruction(code: 0xc7, destination: 1, immediate: 32), "(c7) r1 s>>= 32"),
            (Instruction(code: 0x3f, destination: 1, source: 2), "(3f) r1 /= r2"),
            (Instruction(code: 0x3f, destination: 1, source: 2, offset: 1), "(3f) r1 s/= r2"),
            (Instruction(code: 0xdc, destination: 1, immediate: 16), "(dc) r1 = be16 r1"),
            (Instruction(code: 0xd4, destination: 1, immediate: 16), "(d4) r1 = le16 r1"),
            (Instruction(code: 0xd7, destination: 1, immediate: 64), "(d7) r1 = bswap64 r1"),
            (Instruction(code: 0x79, destination: 1, source: 6, offset: 8), "(79) r1 = *(u64 *)(r6 +8)"),
            (Instruction(code: 0x81, destination: 1, source: 6, offset: 8), "(81) r1 = *(s32 *)(r6 +8)"),
            (Instruction(code: 0x73, destination: 10, source: 1, offset: -1), "(73) *(u8 *)(r10 -1) = r1"),
            (Instruction(code: 0x6a, destination: 10, offset: -2, immediate: 7), "(6a) *(u16 *)(r10 -2) = 7"),
            (Instruction(code: 0xdb, destination: 1, source: 2, immediate: 0), "(db) lock *(u64 *)(r1 +0) += r2"),
            (
                Instruction(code: 0xc3, destination: 1, source: 2, immediate: 0x41),
                "(c3) r2 = atomic_fetch_or((u32 *)(r1 +0), r2)"
            ),
            (
                Instruction(code: 0xdb, destination: 1, source: 2, immediate: 0xf1),
                "(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)"
            ),
            (Instruction(code: 0x05, offset: -3), "(05) goto pc-3"),
            (Instruction(code: 0x06, immediate: 70000), "(06) gotol pc+70000"),
            (Instruction(code: 0x55, destination: 1, offset: 2, immediate: -1), "(55) if r1 != 0xffffffff goto pc+2"),
            (Instruction(code: 0x6e, destination: 1, source: 2, offset: 1), "(6e) if w1 s> w2 goto pc+1"),
            (Instruction(code: 0xe5, offset: 3), "(e5) may_goto pc+3"),
            (Instruction(code: 0x30, immediate: 14), "(30) r0 = *(u8 *)skb[14]"),
            (Instruction(code: 0x85, source: 1, immediate: -9), "(85) call pc-9"),
        ]
    )
    func spelling(instruction: BPFInstruction, text: String) {
        #expect(instruction.disassembly() == text)
    }

    @Test("a wide load has half of its constant in the next instruction")
    func wide() {
        let low = BPFInstruction(code: 0x18, destination: 1, immediate: -1)
        #expect(low.disassembly(upperHalf: BPFInstruction(code: 0, immediate: 1)) == "(18) r1 = 0x1ffffffff")
        #expect(low.disassembly(name: "map 'events'") == "(18) r1 = map 'events'")
    }

    @Test("every one of all instruction codes has some text, and none traps")
    func everything() {
        for code in UInt8.min...UInt8.max {
            for immediate in [Int32.min, -1, 0, 1, 0xe1, 0xf1, .max] {
                for offset in [Int16.min, -1, 0, 1, 8, .max] {
                    let instruction = BPFInstruction(
                        code: code,
                        destination: 15,
                        source: UInt8(code & 0xf),
                        offset: offset,
                        immediate: immediate
                    )
                    #expect(instruction.disassembly().hasPrefix("("))
                }
            }
        }
    }
}
