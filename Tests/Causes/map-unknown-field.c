// SPDX-License-Identifier: Apache-2.0
// A declaration of a map that libbpf does not understand.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __uint(no_such_field, 8);
    __type(key, __u32);
    __type(value, __u32);
} odd SEC(".maps");

// expected: object-unreadable
SEC("kprobe/vfs_open")
int map_unknown_field(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&odd, &key) != 0;
}
