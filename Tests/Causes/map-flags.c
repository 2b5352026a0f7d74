// SPDX-License-Identifier: Apache-2.0
// A flag that hash maps do not have.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_STACK_BUILD_ID);
    __type(key, __u32);
    __type(value, __u32);
} flagged SEC(".maps");

// expected: map-attributes
SEC("kprobe/vfs_open")
int map_flags(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&flagged, &key) != 0;
}
