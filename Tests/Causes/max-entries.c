// SPDX-License-Identifier: Apache-2.0
// A map whose size its own loader sets before it loads.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, __u32);
} sized_later SEC(".maps");

// expected: max-entries-unset
SEC("kprobe/vfs_open")
int max_entries(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&sized_later, &key) != 0;
}
