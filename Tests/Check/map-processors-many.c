// SPDX-License-Identifier: Apache-2.0
// More processors than any kernel is built for.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_CPUMAP);
    __uint(key_size, 4);
    __uint(value_size, 4);
    __uint(max_entries, 100000);
} table SEC(".maps");

SEC("socket")
int map_processors_many(void *context)
{
    return (long)&table != 0;
}
