// SPDX-License-Identifier: Apache-2.0
// A kind of map that came with 5.16.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
    __uint(max_entries, 8);
    __type(value, __u32);
} bloom SEC(".maps");

// expected: map-type-lacking on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int map_type(struct pt_regs *ctx)
{
    __u32 value = 1;
    return bpf_map_peek_elem(&bloom, &value);
}
