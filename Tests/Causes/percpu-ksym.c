// SPDX-License-Identifier: Apache-2.0
// A variable of the kernel's that each CPU has its own of.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern const struct rq runqueues __ksym;

// expected: extern-unresolved on 5.10, untrusted-pointer on 6.1 6.12 7.2
SEC("raw_tp/sched_switch")
int percpu_followed(void *ctx)
{
    return runqueues.nr_running; // refused here on 6.1 6.12 7.2
}
