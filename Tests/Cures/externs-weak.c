// SPDX-License-Identifier: Apache-2.0
// Switches, variables and symbols that a kernel may not have, cured: declared weak, and tested before they are used.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern int CONFIG_NO_SUCH_SWITCH_ANYWHERE __kconfig __weak;
extern const int no_such_variable_anywhere __ksym __weak;
extern const void no_such_symbol_anywhere __ksym __weak;

// cures: kconfig_missing
SEC("kprobe/vfs_open")
int switch_weak_cured(struct pt_regs *ctx)
{
    return CONFIG_NO_SUCH_SWITCH_ANYWHERE;
}

// cures: ksym_missing
SEC("kprobe/vfs_open")
int variable_weak_cured(struct pt_regs *ctx)
{
    if (&no_such_variable_anywhere)
        return (long)&no_such_variable_anywhere;
    return 0;
}

// cures: symbol_missing
SEC("kprobe/vfs_open")
int symbol_weak_cured(struct pt_regs *ctx)
{
    if (&no_such_symbol_anywhere)
        return (long)&no_such_symbol_anywhere;
    return 0;
}
