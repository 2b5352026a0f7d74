// SPDX-License-Identifier: Apache-2.0
// Indexes into maps' values, cured: unsigned and bounded, or tested for being negative.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct pair {
    __u32 first;
    __u32 second;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, struct pair);
} pairs SEC(".maps");

// cures: map_value_unbounded
SEC("kprobe/vfs_open")
int map_value_bounded_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    __u64 offset = bpf_ktime_get_ns();
    if (!value)
        return 0;
    if (offset >= sizeof(struct pair))
        return 0;
    return value[offset];
}

// cures: map_value_negative
SEC("kprobe/vfs_open")
int map_value_unsigned_offset_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    __u64 offset = bpf_ktime_get_ns();
    barrier_var(offset);
    if (!value || offset > 7)
        return 0;
    barrier_var(offset);
    return value[offset];
}

// cures: map_value_signed_index
SEC("kprobe/vfs_open")
int map_value_signed_index_tested_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    int index = (int)PT_REGS_PARM2(ctx);
    if (!value)
        return 0;
    if (index < 8) {
        if (index < 0)
            return 0;
        value[index] = 1;
    }
    return 0;
}

// cures: map_value_signed_index
SEC("kprobe/vfs_open")
int map_value_unsigned_index_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    __u32 index = (__u32)PT_REGS_PARM2(ctx);
    if (!value)
        return 0;
    if (index < 8)
        value[index] = 1;
    return 0;
}
