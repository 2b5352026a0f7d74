// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// What kernels printed about programs of these tests' kind; each says which.
enum LogFixtures {
    /// 5.10: states stand on lines of their own, places are not told, a function's argument came over the stack.
    static let spilledOn510 = """
        ; __u64 *value = bpf_map_lookup_elem(&table, &key);
        4: (18) r1 = 0xffff88801fc30000
        6: (85) call bpf_map_lookup_elem#1
        ; if (key > 5)
        7: (61) r2 = *(u32 *)(r10 -4)
        ; if (key > 5)
        8: (a6) if w2 < 0x6 goto pc+2
         R0=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R2=inv(id=0,umin_value=6) R10=fp0 fp-8=mmmm????
        ; key += 2;
        9: (04) w2 += 2
        ; return use(value, key);
        11: (bf) r1 = r0
        12: (85) call pc+1
        arg#0 type is not a struct
        Unrecognized arg#0 type PTR
        caller:
         R10=fp0 fp-8=mmmm????
        callee:
         frame1: R1_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R10=fp0
        ; static __noinline int use(__u64 *value, int n)
        14: (bc) w7 = w2
        15: (7b) *(u64 *)(r10 -8) = r1
        ; return *value + sum;
        61: (79) r1 = *(u64 *)(r10 -8)
        62: (79) r1 = *(u64 *)(r1 +0)
        R1 invalid mem access 'map_value_or_null'
        verification time 1207 usec
        stack depth 4+32
        processed 61 insns (limit 1000000) max_states_per_insn 0 total_states 6 peak_states 6 mark_read 5

        """

    /// 6.12: what changed stands beside each instruction, with places; an index that may be too large.
    static let indexOn612 = """
        0: R1=ctx() R10=fp0
        ; struct event *event = bpf_map_lookup_elem(&table, &key); @ bounds.c:23
        6: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=table,ks=4,vs=16)
        7: (bf) r6 = r0                       ; R0_w=map_value_or_null(id=1,map=table,ks=4,vs=16) R6_w=map_value_or_null(id=1,map=table,ks=4,vs=16)
        ; __u32 i = bpf_get_prandom_u32() & 31; @ bounds.c:24
        8: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
        ; if (!event) @ bounds.c:25
        9: (15) if r6 == 0x0 goto pc+3        ; R6=map_value(map=table,ks=4,vs=16)
        ; __u32 i = bpf_get_prandom_u32() & 31; @ bounds.c:24
        10: (54) w0 &= 31                     ; R0_w=scalar(smin=smin32=0,smax=umax=smax32=umax32=31,var_off=(0x0; 0x1f))
        ; event->data[i] = 1; @ bounds.c:27
        11: (0f) r6 += r0                     ; R0_w=scalar(smin=smin32=0,smax=umax=smax32=umax32=31,var_off=(0x0; 0x1f)) R6_w=map_value(map=table,ks=4,vs=16,smin=smin32=0,smax=umax=smax32=umax32=31,var_off=(0x0; 0x1f))
        12: (73) *(u8 *)(r6 +0) = r7
        invalid access to map value, value_size=16 off=31 size=1
        R6 max value is outside of the allowed memory range
        verification time 324 usec
        stack depth 8
        processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1

        """

    /// 7.2: a branch is taken up again on the line of the jump, and the line of C that follows is not printed again.
    static let leakOn72 = """
        0: R1=ctx() R10=fp0
        ; __u64 *e = bpf_ringbuf_reserve(&ring, 8, 0); @ refs.c:12
        4: (85) call bpf_ringbuf_reserve#131          ; R0=ringbuf_mem_or_null(id=2,sz=8) refs=2
        5: (bf) r6 = r0                       ; R6=ringbuf_mem_or_null(id=2,sz=8) refs=2
        ; if (!e) @ refs.c:13
        6: (15) if r6 == 0x0 goto pc+7        ; R6=ringbuf_mem(id=2,sz=8) refs=2
        ; if (bpf_get_prandom_u32() == 7) @ refs.c:15
        7: (85) call bpf_get_prandom_u32#7    ; R0=scalar() refs=2
        8: (16) if w0 == 0x7 goto pc+5 14: R10=fp0 refs=2
        14: (b4) w0 = 0                       ; R0=0 refs=2
        15: (95) exit
        Unreleased reference id=2 alloc_insn=4
        BPF_EXIT instruction in main prog would lead to reference leak
        verification time 688 usec
        stack depth 0 max 0
        insns processed 17
        processed 17 insns (limit 1000000) max_states_per_insn 0 total_states 2 peak_states 2 mark_read 0

        """

    /// 5.10: how numbers are traced back stands between instructions, with states of long ago; the instruction itself is
    /// not printed again.
    static let endlessOn510 = """
        ; volatile int n = 1;
        1: (63) *(u32 *)(r10 -4) = r1
        ; while (n) ;
        2: (61) r1 = *(u32 *)(r10 -4)
        ; while (n) ;
        3: (56) if w1 != 0x0 goto pc-2

        from 3 to 2: R1_w=inv(id=0,umax_value=4294967295,var_off=(0x0; 0xffffffff)) R10=fp0 fp-8=mmmm????
        ; while (n) ;
        2: (61) r1 = *(u32 *)(r10 -4)
        ; while (n) ;
        3: (56) if w1 != 0x0 goto pc-2
        last_idx 3 first_idx 2
        regs=2 stack=0 before 2: (61) r1 = *(u32 *)(r10 -4)
         R1_rw=invP7 R10=fp0
        parent didn't have regs=2 stack=0 marks

        from 3 to 2: R1=inv(id=0,umax_value=4294967295,var_off=(0x0; 0xffffffff)) R10=fp0 fp-8=mmmm????
        ; while (n) ;
        2: (61) r1 = *(u32 *)(r10 -4)
        ; while (n) ;
        infinite loop detected at insn 3
        verification time 261 usec
        stack depth 4
        processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1

        """

    /// 6.12: a function of the program's that a helper calls.
    static let callbackOn612 = """
        0: R1=ctx() R10=fp0
        ; bpf_loop(10, step, &n, 0); @ callbacks.c:8
        5: (18) r2 = 0x5                      ; R2_w=func()
        7: (b7) r4 = 0                        ; R4=0
        8: (85) call bpf_loop#181 11: frame1: R1=scalar() R2=fp[0]-4 R10=fp0 cb
        ; p[3] = *p; @ callbacks.c:7
        11: (61) r1 = *(u32 *)(r2 +0)         ; frame1: R1_w=0 R2=fp[0]-4 cb
        12: (63) *(u32 *)(r2 +12) = r1
        invalid write to stack R2 off=8 size=4
        verification time 398 usec
        stack depth 8+0
        processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1

        """

    static func log(_ text: String) -> VerifierLog { VerifierLog(Array(text.utf8)) }
}
