// SPDX-License-Identifier: Apache-2.0
// Values of each processor that are too large.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 65536);
} large SEC(".maps");

SEC("socket")
int map_per_processor(void *context)
{
    return (long)&large != 0;
}
