// SPDX-License-Identifier: Apache-2.0
// Values of each processor, from a node that is chosen.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_NUMA_NODE);
} table SEC(".maps");

SEC("socket")
int map_processors_node(void *context)
{
    return (long)&table != 0;
}
