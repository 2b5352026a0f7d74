// SPDX-License-Identifier: Apache-2.0
// A map in a map with a flag that such maps do not take.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct inner {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10);
    __type(key, int);
    __type(value, int);
    __uint(map_flags, BPF_F_INNER_MAP);
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 10);
    __type(key, int);
    __array(values, struct inner);
} outer SEC(".maps");

SEC("socket")
int inner_flag(void *context)
{
    return (long)&outer != 0;
}
