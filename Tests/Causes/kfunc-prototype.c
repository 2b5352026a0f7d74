// SPDX-License-Identifier: Apache-2.0
// A function of the kernel's, declared otherwise than the kernel has it.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern struct task_struct *bpf_task_from_pid(s32 pid, u64 flags) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

// expected: kfunc-unknown on 5.10 6.1, kfunc-argument on 6.12 7.2
SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
    struct task_struct *task = bpf_task_from_pid(1, 0);

    if (task)
        bpf_task_release(task);
    return 0;
}
