// SPDX-License-Identifier: Apache-2.0

import Testing
import VerifierLog

/// What a register held at the refusal, and not before.
@Suite struct RegisterStateTests {
    private static func register(_ name: String, in text: String) throws -> LoggedRegister {
        try #require(LogFixtures.log(text).registers.first { $0.name == name })
    }

    @Test(
        "what the reason says of a register is believed, and not what was printed before a call took it away",
        arguments: [
            (
                // 6.1
                """
                2: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx(off=0,imm=0) R6_w=pkt(off=0,r=0,imm=0)
                7: (85) call bpf_xdp_adjust_head#44   ; R0=scalar()
                12: (6b) *(u16 *)(r6 +12) = r1
                R6 invalid mem access 'scalar'

                """, "R6", "scalar", "a number, nothing known of it"
            ),
            (
                // 5.10
                """
                8: (63) *(u32 *)(r0 +0) = r1
                 R0_w=mem(id=0,ref_obj_id=2,off=0,imm=0) R1_w=inv1 R10=fp0 refs=2
                11: (bf) r6 = r0
                12: (85) call bpf_ringbuf_submit#132
                13: (61) r1 = *(u32 *)(r6 +0)
                R6 invalid mem access 'inv'

                """, "R6", "inv", "a number, nothing known of it"
            ),
            (
                // 7.2
                """
                14: (15) if r7 == 0x0 goto pc+18      ; R7=sock(id=2) refs=2
                28: (85) call bpf_sk_release#86       ; refs=4
                32: (61) r6 = *(u32 *)(r7 +4)
                R7 invalid mem access 'scalar'

                """, "R7", "scalar", "a number, nothing known of it"
            ),
            (
                // 6.1: the check of one pointer tells of the others, which are not printed.
                """
                2: (61) r1 = *(u32 *)(r1 +76)         ; R1_w=pkt(off=0,r=0,imm=0)
                5: (2d) if r3 > r2 goto pc+3          ; R2_w=pkt_end(off=0,imm=0) R3_w=pkt(off=4,r=4,imm=0)
                6: (71) r0 = *(u8 *)(r1 -1)
                invalid access to packet, off=-1 size=1, R1(id=0,off=-1,r=4)
                R1 offset is outside of the packet

                """, "R1", "pkt(r=4)", "the packet, 4 bytes of it checked"
            ),
            (
                // 7.2: what agrees is told in full.
                """
                6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=table,ks=4,vs=8)
                7: (79) r0 = *(u64 *)(r0 +0)
                R0 invalid mem access 'map_value_or_null'

                """, "R0", "map_value_or_null(id=1,map=table,ks=4,vs=8)", "a value of map 'table' (8 bytes), or NULL"
            ),
        ]
    )
    func told(text: String, name: String, spelling: String, words: String) throws {
        let register = try Self.register(name, in: text)
        #expect(register.spelling == spelling)
        #expect(register.words == words)
    }

    @Test("a register that the reason does not name is not told by what a call ended (7.2)")
    func unnamed() throws {
        let text = """
            2: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6=pkt(r=14)
            7: (85) call bpf_xdp_adjust_head#44   ; R0=scalar()
            12: (7b) *(u64 *)(r7 +12) = r6
            R7 invalid mem access 'scalar'

            """
        #expect(try Self.register("R6", in: text).spelling == nil)
        let harmless = text.replacing("bpf_xdp_adjust_head#44", with: "bpf_ktime_get_ns#5")
        #expect(try Self.register("R6", in: harmless).spelling == "pkt(r=14)")
    }

    @Test("how much of a packet is checked is not told once another pointer was compared (7.2)")
    func range() throws {
        let text = """
            2: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6=pkt(r=0)
            5: (2d) if r3 > r2 goto pc+8          ; R2=pkt_end() R3=pkt(r=14,imm=14)
            12: (7b) *(u64 *)(r7 +12) = r6
            R7 invalid mem access 'scalar'

            """
        #expect(try Self.register("R6", in: text).words == "the packet")
    }

    @Test("what stands below a call is of before it, and tells nothing of its result (5.10)")
    func beforeCall() throws {
        let text = """
            12: (b4) w2 = 128
            13: (85) call bpf_probe_read_user_str#114
             R0_w=map_value(id=0,off=0,ks=4,vs=256,imm=0) R1_w=map_value(id=0,off=0,ks=4,vs=256,imm=0) R2_w=inv128 R7_w=map_value(id=0,off=0,ks=4,vs=256,imm=0) R10=fp0
            last_idx 13 first_idx 0
            regs=4 stack=0 before 12: (b4) w2 = 128
            14: (0f) r7 += r0
            16: (bf) r1 = r7
            18: (85) call bpf_probe_read_user_str#114
             R0=inv(id=0,smin_value=-4095,smax_value=128) R1_w=map_value(id=0,off=0,ks=4,vs=256,smin_value=-4095,smax_value=128) R2_w=inv128 R10=fp0
            R1 min value is negative, either use unsigned index or do a if (index >=0) check.

            """
        let added = try Self.register("R0", in: text)
        #expect(added.spelling == nil)
        #expect(added.origin?.index == 13)
        #expect(try Self.register("R1", in: text).spelling?.contains("smin_value=-4095") == true)
    }
}
