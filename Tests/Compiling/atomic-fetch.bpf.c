// SPDX-License-Identifier: Apache-2.0
// A counter of which the value before is wanted.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

u64 next, mine, taken;

SEC("raw_tp/sched_switch")
int number(void *ctx)
{
    mine = __sync_fetch_and_add(&next, 1);
    return 0;
}

SEC("raw_tp/sched_switch")
int swapped(void *ctx)
{
    if (__sync_val_compare_and_swap(&taken, 0, 1) == 0)
        mine = 1;
    return 0;
}

SEC("raw_tp/sched_switch")
int added(void *ctx)
{
    __sync_fetch_and_add(&next, 1);
    return 0;
}
