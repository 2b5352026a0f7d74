// SPDX-License-Identifier: Apache-2.0
// Programs of many types that name a map with a lock.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct value {
    struct bpf_spin_lock lock;
    int hits;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct value);
} table SEC(".maps");

SEC("socket")
int locks_socket(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("kprobe/vfs_read")
int locks_kprobe(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tp/sched/sched_switch")
int locks_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("raw_tp/sched_switch")
int locks_raw_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("perf_event")
int locks_perf_event(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tc")
int locks_tc(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("fentry/vfs_read")
int locks_fentry(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("syscall")
int locks_syscall(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}
