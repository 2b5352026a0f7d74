// SPDX-License-Identifier: Apache-2.0
// A weak function of the kernel's, called without asking whether it is there, and with asking.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct counters {
    u64 count[9];
};

extern void scx_bpf_events(struct scx_event_stats *events, size_t size) __ksym __weak;

u64 first;

// expected: program-type-lacking on 5.10, kfunc-unknown on 6.1, configuration-off on 6.12, kfunc-argument on 7.2
SEC("syscall")
int collect(void *ctx)
{
    struct counters counters = {};

    scx_bpf_events((void *)&counters, sizeof(counters));
    first = counters.count[0];
    return 0;
}

// expected: program-type-lacking on 5.10, accepted on 6.1 6.12 7.2
SEC("syscall")
int collect_if_there(void *ctx)
{
    struct counters counters = {};

    if (bpf_ksym_exists(scx_bpf_events))
        scx_bpf_events((void *)&counters, sizeof(counters));
    first = counters.count[0];
    return 0;
}
