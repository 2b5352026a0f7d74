// SPDX-License-Identifier: Apache-2.0
// A kind of map that no kernel has.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, 222);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u32);
} nothing SEC(".maps");

// expected: map-type-lacking
SEC("kprobe/vfs_open")
int map_type_of_no_kernel(struct pt_regs *ctx)
{
    return 0;
}
