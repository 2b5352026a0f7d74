// SPDX-License-Identifier: Apache-2.0
// Programs of many types that name a map with a lock in a structure of its values.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct guarded {
    struct bpf_spin_lock lock;
    int hits;
};

struct value {
    long other;
    struct guarded guarded;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct value);
} table SEC(".maps");

SEC("socket")
int locks_inside_socket(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("kprobe/vfs_read")
int locks_inside_kprobe(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tp/sched/sched_switch")
int locks_inside_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("raw_tp/sched_switch")
int locks_inside_raw_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("perf_event")
int locks_inside_perf_event(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tc")
int locks_inside_tc(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("fentry/vfs_read")
int locks_inside_fentry(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("syscall")
int locks_inside_syscall(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}
