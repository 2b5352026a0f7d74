// SPDX-License-Identifier: Apache-2.0
// A variable that no kernel has, by its type.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const int no_such_variable_anywhere __ksym;

// expected: extern-unresolved
SEC("kprobe/vfs_open")
int ksym_missing(struct pt_regs *ctx)
{
    return (long)&no_such_variable_anywhere;
}
