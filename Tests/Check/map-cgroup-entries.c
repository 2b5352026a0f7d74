// SPDX-License-Identifier: Apache-2.0
// Storage of cgroups that says how many entries it has.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
    __type(key, struct bpf_cgroup_storage_key);
    __type(value, __u64);
    __uint(max_entries, 1);
} table SEC(".maps");

SEC("socket")
int map_cgroup_entries(void *context)
{
    return (long)&table != 0;
}
