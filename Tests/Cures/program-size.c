// SPDX-License-Identifier: Apache-2.0
// More than a million instructions if they were inlined: as a global function they are there, and looked at, once.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__attribute__((noinline)) int hundred_thousand(int number)
{
    asm volatile(".rept 100000; %0 += 1; .endr;" : "+r"(number));
    return number;
}

// cures: program_size
SEC("socket")
int functions_not_inlined_cured(struct __sk_buff *skb)
{
    int number = 0;
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    number = hundred_thousand(number);
    return number;
}
