// SPDX-License-Identifier: Apache-2.0
// Programs of many types that name a hash whose elements are allocated as they are needed.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __u32);
    __type(value, __u64);
} table SEC(".maps");

SEC("socket")
int later_elements_socket(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("kprobe/vfs_read")
int later_elements_kprobe(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tp/sched/sched_switch")
int later_elements_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("raw_tp/sched_switch")
int later_elements_raw_tracepoint(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("perf_event")
int later_elements_perf_event(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tc")
int later_elements_tc(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("fentry/vfs_read")
int later_elements_fentry(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("syscall")
int later_elements_syscall(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}
