// SPDX-License-Identifier: Apache-2.0
// A member of the context that is only known when the program runs, cured: values kept apart, reads by CO-RE, fields by name.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

int index_of_dentry;    // set by the loader
u64 seen;

// cures: kept
SEC("kprobe/vfs_unlink")
int arguments_behind_barriers_cured(struct pt_regs *ctx)
{
    u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx), third = PT_REGS_PARM3(ctx);

    barrier_var(first);
    barrier_var(second);
    barrier_var(third);
    seen = index_of_dentry == 0 ? first : index_of_dentry == 1 ? second : third;
    return 0;
}

// cures: kept
SEC("kprobe/vfs_unlink")
int one_argument_by_field_cured(struct pt_regs *ctx)
{
    seen = ctx->si;
    return 0;
}

static u64 argument_apart(struct pt_regs *ctx, int index)
{
    u64 value;

    switch (index) {
    case 0:
        value = PT_REGS_PARM1(ctx);
        barrier_var(value);
        return value;
    case 1:
        value = PT_REGS_PARM2(ctx);
        barrier_var(value);
        return value;
    case 2:
        value = PT_REGS_PARM3(ctx);
        barrier_var(value);
        return value;
    }
    return 0;
}

// cures: unlinks
SEC("kprobe/vfs_unlink")
int unlinks_with_barriers_cured(struct pt_regs *ctx)
{
    seen = argument_apart(ctx, index_of_dentry);
    return 0;
}

static u64 argument_by_core(struct pt_regs *ctx, int index)
{
    switch (index) {
    case 0:
        return PT_REGS_PARM1_CORE(ctx);
    case 1:
        return PT_REGS_PARM2_CORE(ctx);
    case 2:
        return PT_REGS_PARM3_CORE(ctx);
    }
    return 0;
}

// cures: unlinks
SEC("kprobe/vfs_unlink")
int unlinks_by_core_cured(struct pt_regs *ctx)
{
    seen = argument_by_core(ctx, index_of_dentry);
    return 0;
}
