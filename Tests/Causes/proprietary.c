// SPDX-License-Identifier: Apache-2.0
// A licence that is not the GPL's.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Proprietary";

// expected: helper-needs-gpl
SEC("kprobe/vfs_open")
int helper_needs_gpl(struct pt_regs *ctx)
{
    bpf_printk("opened"); // refused here
    return 0;
}

// expected: helper-needs-gpl
SEC("lsm/file_open")
int BPF_PROG(hook_needs_gpl, struct file *file)
{
    return 0;
}
