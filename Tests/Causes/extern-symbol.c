// SPDX-License-Identifier: Apache-2.0
// A symbol that no kernel has, without a type.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const void no_such_symbol_anywhere __ksym;

// expected: extern-unresolved
SEC("kprobe/vfs_open")
int symbol_missing(struct pt_regs *ctx)
{
    return (long)&no_such_symbol_anywhere;
}
