// SPDX-License-Identifier: Apache-2.0
// A variable of the kernel's that each CPU has its own of, cured: declared weak, its address tested, and this CPU's asked for.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

// Not in one object with a symbol without a type: libbpf then takes the address that it finds for both, and 5.10 refuses it.
extern const struct rq runqueues __ksym __weak;

// cures: percpu_followed
SEC("raw_tp/sched_switch")
int percpu_weak_cured(void *ctx)
{
    if (&runqueues) {
        const struct rq *own = bpf_this_cpu_ptr(&runqueues);
        return own->nr_running;
    }
    return 0;
}
