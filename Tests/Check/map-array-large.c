// SPDX-License-Identifier: Apache-2.0
// An array with a value of 5 MiB.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(key_size, 4);
    __uint(value_size, 5 << 20);
    __uint(max_entries, 1);
} table SEC(".maps");

SEC("socket")
int map_array_large(void *context)
{
    return (long)&table != 0;
}
