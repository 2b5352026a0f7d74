// SPDX-License-Identifier: Apache-2.0
// A table of functions that no kernel has.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct no_such_operations {
    int (*act)(void);
};

// expected: struct-ops-lacking
SEC("struct_ops/act")
int BPF_PROG(struct_ops_act)
{
    return 0;
}

SEC(".struct_ops")
struct no_such_operations operations = {
    .act = (void *)struct_ops_act,
};
