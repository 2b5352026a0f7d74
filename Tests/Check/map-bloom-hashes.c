// SPDX-License-Identifier: Apache-2.0
// A bloom filter with more hash functions than there can be.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
    __type(value, __u64);
    __uint(max_entries, 8);
    __uint(map_extra, 16);
} table SEC(".maps");

SEC("socket")
int map_bloom_hashes(void *context)
{
    return (long)&table != 0;
}
