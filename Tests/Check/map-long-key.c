// SPDX-License-Identifier: Apache-2.0
// Keys that kernels before 5.16 do not take.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __uint(key_size, 600);
    __uint(value_size, 8);
} long_keys SEC(".maps");

SEC("socket")
int map_long_key(void *context)
{
    return (long)&long_keys != 0;
}
