// SPDX-License-Identifier: Apache-2.0
// Programs that may sleep and one that may not share a table of tail calls.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} table SEC(".maps");

SEC("uprobe")
int table_sleeping_awake(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("uprobe.s")
int table_sleeping_asleep(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}
