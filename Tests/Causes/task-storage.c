// SPDX-License-Identifier: Apache-2.0
// What belongs to a task.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} counts SEC(".maps");

// expected: map-type-lacking on 5.10, helper-argument-type on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int task_as_number(struct pt_regs *ctx)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    return bpf_task_storage_get(&counts, task, 0, 1) != 0; // refused here on 6.1 6.12 7.2
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int task_as_pointer(struct pt_regs *ctx)
{
    return bpf_task_storage_get(&counts, bpf_get_current_task_btf(), 0, 1) != 0;
}

// expected: map-type-lacking on 5.10, null-argument on 6.1, accepted on 6.12 7.2
SEC("iter/task")
int task_or_null(struct bpf_iter__task *ctx)
{
    bpf_task_storage_get(&counts, ctx->task, 0, 0); // refused here on 6.1
    return 0;
}
