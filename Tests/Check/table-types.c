// SPDX-License-Identifier: Apache-2.0
// Programs of several types share a table of tail calls.

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

SEC("tc")
int table_types_tc(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("xdp")
int table_types_xdp(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}

SEC("tc")
int table_types_again(void *context)
{
    asm volatile("" ::"r"(&table));
    return 0;
}
