// SPDX-License-Identifier: Apache-2.0
// A map as libbpf before 1.0 had them declared.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __u32 type, key_size, value_size, max_entries, map_flags;
} legacy SEC("maps") = {
    .type = BPF_MAP_TYPE_HASH,
    .key_size = 4,
    .value_size = 4,
    .max_entries = 8,
};

// expected: legacy-maps
SEC("kprobe/vfs_open")
int legacy_map(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&legacy, &key) != 0;
}
