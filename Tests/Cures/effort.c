// SPDX-License-Identifier: Apache-2.0
// Loops and long ways that are too much for the verifier, cured: fewer rounds, bpf_loop(), or a global function.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

// cures: too_many_jumps
SEC("socket")
naked int fewer_rounds_cured(void)
{
    asm volatile("r6 = 0; next_1: call %[random]; r6 += 1; if r0 == 5 goto out_1; if r6 > 100 goto out_1; goto next_1; out_1: r0 = 0; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

static long is_five(__u32 index, void *context)
{
    return bpf_get_prandom_u32() == 5;
}

// cures: too_many_jumps
// accepted on 6.1 6.12 7.2 7.3
SEC("socket")
int rounds_by_loop_helper_cured(struct __sk_buff *skb)
{
    bpf_loop(1 << 20, is_five, 0, 0);
    return 0;
}

// cures: too_many_instructions
SEC("socket")
naked int fewer_rounds_on_each_way_cured(void)
{
    // Five ways through the same instructions, on each of which R6 is another pointer.
    asm volatile("r7 = r1; call %[random]; r6 = r10; if r0 == 1 goto tail_3; r6 = r7; if r0 == 2 goto tail_3;"
                 "r6 = r10; r6 += -8; if r0 == 3 goto tail_3; r6 = r10; r6 += -16; if r0 == 4 goto tail_3; r6 = 0;"
                 "tail_3: .rept 2200; r1 = 0; .endr; r0 = r6; r0 = 0; exit;" :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// cures: too_many_instructions
SEC("socket")
naked int fewer_branches_cured(void)
{
    // Two ways instead of five.
    asm volatile("r7 = r1; call %[random]; r6 = r10; if r0 == 1 goto tail_4; r6 = 0;"
                 "tail_4: .rept 220000; r1 = 0; .endr; r0 = r6; r0 = 0; exit;" :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

__attribute__((noinline)) int long_way(int way)
{
    asm volatile(".rept 220000; r1 = 0; .endr" ::: "r1");
    return way;
}

// cures: too_many_instructions
SEC("socket")
naked int long_way_in_global_function_cured(void)
{
    // Five ways to the same function, which is looked at once.
    asm volatile("r7 = r1; call %[random]; r6 = r10; if r0 == 1 goto tail_5; r6 = r7; if r0 == 2 goto tail_5;"
                 "r6 = r10; r6 += -8; if r0 == 3 goto tail_5; r6 = r10; r6 += -16; if r0 == 4 goto tail_5; r6 = 0;"
                 "tail_5: r1 = 0; call %[way]; r0 = r6; r0 = 0; exit;" :: [random] "i"(BPF_FUNC_get_prandom_u32), [way] "i"(long_way));
}

static long one_round(__u32 index, void *context)
{
    asm volatile(".rept 2200; r1 = 0; .endr" ::: "r1");
    return 0;
}

// cures: too_many_instructions
// accepted on 6.1 6.12 7.2 7.3
SEC("socket")
naked int long_way_by_loop_helper_cured(void)
{
    // Five ways to a hundred rounds.
    asm volatile("r7 = r1; call %[random]; r6 = r10; if r0 == 1 goto tail_6; r6 = r7; if r0 == 2 goto tail_6;"
                 "r6 = r10; r6 += -8; if r0 == 3 goto tail_6; r6 = r10; r6 += -16; if r0 == 4 goto tail_6; r6 = 0;"
                 "tail_6: r1 = 100; r2 = %[round] ll; r3 = 0; r4 = 0; call %[loop]; r0 = r6; r0 = 0; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32), [loop] "i"(BPF_FUNC_loop), [round] "i"(one_round));
}

// cures: unreachable
SEC("socket")
naked int nothing_unreachable_cured(void)
{
    asm volatile("r0 = 0; exit;");
}

// cures: jump_out_of_range
SEC("socket")
naked int jump_to_label_cured(void)
{
    asm volatile("r0 = 0; goto leave_8; leave_8: exit;");
}

// cures: frame_pointer_write
SEC("socket")
naked int other_register_written_cured(void)
{
    asm volatile("r6 = 0; r0 = 0; exit;");
}
