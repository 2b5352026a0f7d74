// SPDX-License-Identifier: Apache-2.0
// What programs without the licence may read, and what not in all kernels.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Proprietary";

SEC("tp_btf/sched_switch")
int BPF_PROG(reads_kernel, bool preempt, struct task_struct *previous)
{
    return previous->pid;
}

SEC("fentry/vfs_open")
int BPF_PROG(reads_nothing)
{
    return 0;
}
