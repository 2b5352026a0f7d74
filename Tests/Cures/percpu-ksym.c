// SPDX-License-Identifier: Apache-2.0
// A variable of the kernel's that each CPU has its own of, asked for by CPU.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern const struct rq runqueues __ksym __weak;

// cures: percpu_followed
SEC("raw_tp/sched_switch")
int percpu_of_this_cpu_cured(void *ctx)
{
    if (!&runqueues)
        return 0;
    const struct rq *own = bpf_this_cpu_ptr(&runqueues);
    return own->nr_running;
}

// cures: percpu_followed
SEC("raw_tp/sched_switch")
int percpu_of_another_cpu_cured(void *ctx)
{
    if (!&runqueues)
        return 0;
    const struct rq *other = bpf_per_cpu_ptr(&runqueues, 0);
    return other ? other->nr_running : 0;
}
