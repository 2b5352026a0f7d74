// SPDX-License-Identifier: Apache-2.0
// Programs of many types that name a map with a timer.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct value {
    long hits;
    struct bpf_timer timer;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct value);
} table SEC(".maps");

SEC("socket")
int timers_socket(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("kprobe/vfs_read")
int timers_kprobe(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tp/sched/sched_switch")
int timers_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("raw_tp/sched_switch")
int timers_raw_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("perf_event")
int timers_perf_event(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tc")
int timers_tc(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("fentry/vfs_read")
int timers_fentry(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("syscall")
int timers_syscall(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}
