// SPDX-License-Identifier: Apache-2.0
// A counter of which nobody wants the value before.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

__u64 next;

SEC("raw_tp/sched_switch")
int atomic_addition(void *context)
{
    __sync_fetch_and_add(&next, 1);
    return 0;
}
