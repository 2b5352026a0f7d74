// SPDX-License-Identifier: Apache-2.0
// Maps that a type of program may not use.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} on_demand SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_CPUMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} processors SEC(".maps");

// expected: map-not-for-program on 5.10, accepted on 6.1 6.12 7.2
SEC("perf_event")
int elements_on_demand(struct bpf_perf_event_data *ctx)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&on_demand, &key) != 0;
}

// expected: target-not-sleepable on 5.10, map-not-for-program on 6.1 6.12 7.2
SEC("lsm.s/file_open")
int BPF_PROG(asleep_with_processors, struct file *file)
{
    asm volatile("" ::"r"(&processors));
    return 0;
}
