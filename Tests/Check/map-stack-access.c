// SPDX-License-Identifier: Apache-2.0
// Stack traces that user space may only read.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_STACK_TRACE);
    __uint(key_size, 4);
    __uint(value_size, 80);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_RDONLY);
} table SEC(".maps");

SEC("socket")
int map_stack_access(void *context)
{
    return (long)&table != 0;
}
