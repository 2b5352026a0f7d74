// SPDX-License-Identifier: Apache-2.0
// A table that drops what is old, with elements that are allocated later.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} table SEC(".maps");

SEC("socket")
int map_lru_later(void *context)
{
    return (long)&table != 0;
}
