// SPDX-License-Identifier: Apache-2.0
// A value that is too large for an element of a hash.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 5);
    __uint(key_size, 4);
    __uint(value_size, 8000000);
} large SEC(".maps");

// expected: memory-limit
SEC("kprobe/vfs_open")
int map_element_too_large(struct pt_regs *ctx)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&large, &key) != 0;
}
