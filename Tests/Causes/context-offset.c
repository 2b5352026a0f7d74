// SPDX-License-Identifier: Apache-2.0
// Which member of the context is read is only known when the program runs.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

int index_of_dentry;    // set by the loader
u64 seen;

static u64 argument(struct pt_regs *ctx, int index)
{
    switch (index) {
    case 0:
        return PT_REGS_PARM1(ctx);
    case 1:
        return PT_REGS_PARM2(ctx);
    case 2:
        return PT_REGS_PARM3(ctx);
    }
    return 0;
}

// expected: context-modified on 5.10 6.1 6.12, accepted on 7.2
SEC("kprobe/vfs_unlink")
int unlinks(struct pt_regs *ctx)
{
    seen = argument(ctx, index_of_dentry);
    return 0;
}
