// SPDX-License-Identifier: Apache-2.0
// A field that libbpf does not know.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 8);
    __uint(nonsense, 1);
} table SEC(".maps");

SEC("socket")
int map_unknown_field(void *context)
{
    return (long)&table != 0;
}
