// SPDX-License-Identifier: Apache-2.0
// More entries than memory has room for.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 0x7fffffff);
    __type(key, __u32);
    __type(value, __u64);
} huge SEC(".maps");

// expected: memory-limit
SEC("kprobe/vfs_open")
int map_too_large(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&huge, &key) != 0;
}
