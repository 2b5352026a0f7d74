// SPDX-License-Identifier: Apache-2.0
// A function of the kernel's that is asked for weakly, and declared with a complete structure as the kernel has it.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct scx_event_stats {
    s64 count[9];
};

extern void scx_bpf_events(struct scx_event_stats *events, size_t size) __ksym __weak;

u64 first;

// cures: collect
// accepted on 6.1 6.12 7.2 7.3
SEC("syscall")
int collected_if_there_cured(void *ctx)
{
    struct scx_event_stats counters = {};

    if (bpf_ksym_exists(scx_bpf_events))
        scx_bpf_events(&counters, sizeof(counters));
    first = counters.count[0];
    return 0;
}
