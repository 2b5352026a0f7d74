// SPDX-License-Identifier: Apache-2.0
// The cures: values that are kept apart from the compiler, and reads by CO-RE. Keeping them alone is none.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

int index_of_dentry;
u64 seen;

// expected: context-modified on 5.10 6.1 6.12, accepted on 7.2
SEC("kprobe/vfs_unlink")
int kept(struct pt_regs *ctx)
{
    u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx), third = PT_REGS_PARM3(ctx);

    seen = index_of_dentry == 0 ? first : index_of_dentry == 1 ? second : third;
    return 0;
}

// expected: accepted
SEC("kprobe/vfs_unlink")
int kept_apart(struct pt_regs *ctx)
{
    u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx), third = PT_REGS_PARM3(ctx);

    barrier_var(first);
    barrier_var(second);
    barrier_var(third);
    seen = index_of_dentry == 0 ? first : index_of_dentry == 1 ? second : third;
    return 0;
}

// expected: accepted
SEC("kprobe/vfs_unlink")
int by_core(struct pt_regs *ctx)
{
    if (index_of_dentry == 0)
        seen = PT_REGS_PARM1_CORE(ctx);
    else if (index_of_dentry == 1)
        seen = PT_REGS_PARM2_CORE(ctx);
    else
        seen = PT_REGS_PARM3_CORE(ctx);
    return 0;
}
