// SPDX-License-Identifier: Apache-2.0
// A map of maps that does not say what its maps are.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u32);
} outer SEC(".maps");

// expected: inner-map-unset
SEC("kprobe/vfs_open")
int inner_map(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&outer, &key) != 0;
}
