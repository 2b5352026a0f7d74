// SPDX-License-Identifier: Apache-2.0
// Atomic operations whose value before is wanted, and one whose is not.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

__u64 next, mine, taken;

SEC("raw_tp/sched_switch")
int atomic_number(void *context)
{
    mine = __sync_fetch_and_add(&next, 1);
    return 0;
}

SEC("raw_tp/sched_switch")
int atomic_swap(void *context)
{
    if (__sync_val_compare_and_swap(&taken, 0, 1) == 0)
        mine = 1;
    return 0;
}
