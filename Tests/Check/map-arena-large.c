// SPDX-License-Identifier: Apache-2.0
// An arena of more than 4 GiB.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, 33);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 0x200000);
} table SEC(".maps");

SEC("socket")
int map_arena_large(void *context)
{
    return (long)&table != 0;
}
