// SPDX-License-Identifier: Apache-2.0

/// A log as long as is wanted: a loop whose rounds differ by their numbers, in the manner of 6.12, and a failure at its end.
enum LongLog {
    struct NotUnderstood: Error, CustomStringConvertible {
        var description: String { "the log that was made to be measured was not understood" }
    }

    static func bytes(atLeast size: Int) -> [UInt8] {
        var log = Array("0: R1=ctx() R10=fp0\n0: (b4) w6 = 0                        ; R6_w=0\n".utf8)
        log.reserveCapacity(size + 4096)
        var round = 0
        while log.count < size {
            log += Array(Self.round(round).utf8)
            round += 1
        }
        return log + Array(end.utf8)
    }

    private static func round(_ number: Int) -> String {
        """
        ; if (bpf_get_prandom_u32() & 1) @ loop.c:11
        2: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
        3: (54) w0 &= 1                       ; R0_w=scalar(smin=smin32=0,smax=umax=smax32=umax32=1,var_off=(0x0; 0x1))
        4: (15) if w0 == 0x0 goto pc+1        ; R0_w=scalar(smin=umin=smin32=umin32=1,smax=umax=smax32=umax32=1)
        5: (0c) w7 += w6                      ; R6_w=\(number) R7_w=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
        ; for (int i = 0; i < 1000000; i++) @ loop.c:10
        6: (04) w6 += 1                       ; R6_w=\(number + 1)
        7: (a6) if w6 < 0xf4240 goto pc-6     ; R6_w=\(number + 1)

        """
    }

    private static let end = """
        ; return *value; @ loop.c:13
        8: (79) r0 = *(u64 *)(r6 +0)
        R6 invalid mem access 'scalar'
        processed 1000000 insns (limit 1000000) max_states_per_insn 4 total_states 30 peak_states 30 mark_read 1

        """
}
