// SPDX-License-Identifier: Apache-2.0
// A million instructions in four quarters, each of which goes on to the next by a tail call.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 3);
    __type(key, __u32);
    __type(value, __u32);
} quarters SEC(".maps");

// cures: program_size
SEC("socket")
int first_quarter_cured(struct __sk_buff *skb)
{
    asm volatile("r0 = 0; .rept 250000; r0 += 1; .endr;" ::: "r0");
    bpf_tail_call(skb, &quarters, 0);
    return 0;
}

// cures: program_size
SEC("socket")
int second_quarter_cured(struct __sk_buff *skb)
{
    asm volatile("r0 = 0; .rept 250000; r0 += 1; .endr;" ::: "r0");
    bpf_tail_call(skb, &quarters, 1);
    return 0;
}

// cures: program_size
SEC("socket")
int third_quarter_cured(struct __sk_buff *skb)
{
    asm volatile("r0 = 0; .rept 250000; r0 += 1; .endr;" ::: "r0");
    bpf_tail_call(skb, &quarters, 2);
    return 0;
}

// cures: program_size
SEC("socket")
naked int fourth_quarter_cured(void)
{
    asm volatile("r0 = 0; .rept 250000; r0 += 1; .endr; exit;");
}
