// SPDX-License-Identifier: Apache-2.0
// Keys that do not fit on a program's stack.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, char[520]);
    __type(value, __u64);
} long_keys SEC(".maps");

// expected: map-attributes on 5.10, accepted on 6.1 6.12 7.2
SEC("raw_tp/sys_enter")
int map_key_too_large(void *ctx)
{
    return (long)&long_keys != 0;
}
