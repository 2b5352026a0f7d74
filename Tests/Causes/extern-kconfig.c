// SPDX-License-Identifier: Apache-2.0
// A switch of the configuration that no kernel has, and the program does not ask for it weakly.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern int CONFIG_NO_SUCH_SWITCH_ANYWHERE __kconfig;

// expected: extern-unresolved
SEC("kprobe/vfs_open")
int kconfig_missing(struct pt_regs *ctx)
{
    return CONFIG_NO_SUCH_SWITCH_ANYWHERE;
}
