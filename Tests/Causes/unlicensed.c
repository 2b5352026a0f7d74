// SPDX-License-Identifier: Apache-2.0
// No licence at all.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

// expected: helper-needs-gpl
SEC("kprobe/vfs_open")
int helper_without_licence(struct pt_regs *ctx)
{
    char text[] = "opened";
    bpf_trace_printk(text, sizeof(text)); // refused here
    return 0;
}
