// SPDX-License-Identifier: Apache-2.0
// Storage with sockets that is kept by something else than an int.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __type(key, struct { int number; });
    __type(value, __u64);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} table SEC(".maps");

SEC("socket")
int map_storage_key(void *context)
{
    return (long)&table != 0;
}
