// SPDX-License-Identifier: Apache-2.0
// A signed division, a sign that is extended and a swap of bytes, compiled for the fourth version of the machine.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

s64 sum;
s32 small = -7;
s8 tiny = -3;

SEC("raw_tp/sched_switch")
int switched(void *ctx)
{
    sum += small / (tiny | 1);
    sum += __builtin_bswap16(small);
    return 0;
}
