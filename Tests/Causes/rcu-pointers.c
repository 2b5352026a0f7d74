// SPDX-License-Identifier: Apache-2.0
// Pointers of the kernel's that newer verifiers take to be possibly NULL.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

u64 out;

// expected: accepted on 5.10 6.1, null-dereference on 6.12 7.2
SEC("tp_btf/kfree_skb")
int BPF_PROG(socket_of_packet, struct sk_buff *skb)
{
    out = skb->sk->__sk_common.skc_dport;
    return 0;
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("fentry/do_exit")
int BPF_PROG(uid, long code)
{
    struct task_struct *task = bpf_get_current_task_btf();

    out = task->cred->uid.val;
    return 0;
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("fentry/do_exit")
int BPF_PROG(uid_loaded_twice, long code)
{
    struct task_struct *task = bpf_get_current_task_btf();

    if (!*(struct cred *volatile *)&task->cred)
        return 0;
    out = (*(struct cred *volatile *)&task->cred)->uid.val;
    return 0;
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("fentry/do_exit")
int BPF_PROG(exe, long code)
{
    struct task_struct *task = bpf_get_current_task_btf();
    struct mm_struct *mm = task->mm;

    out = mm->exe_file->f_flags;
    return 0;
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("lsm/file_open")
int BPF_PROG(exe_lsm, struct file *file)
{
    struct task_struct *task = bpf_get_current_task_btf();

    out = task->mm->exe_file->f_flags;
    return 0;
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("fentry/do_exit")
int BPF_PROG(parent, long code)
{
    struct task_struct *task = bpf_get_current_task_btf();

    out = task->real_parent->tgid;
    return 0;
}

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("fentry/do_exit")
int BPF_PROG(cgroup, long code)
{
    struct task_struct *task = bpf_get_current_task_btf();

    out = task->cgroups->dfl_cgrp->kn->id;
    return 0;
}

// expected: accepted on 5.10 6.1, null-dereference on 6.12 7.2
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(request, const struct sock *sk, const struct request_sock *req)
{
    out = req->sk->__sk_common.skc_dport;
    return 0;
}

// expected: accepted on 5.10 6.1, null-dereference on 6.12 7.2
SEC("tp_btf/sched_pi_setprio")
int BPF_PROG(pi, struct task_struct *task, struct task_struct *other)
{
    out = other->pid;
    return 0;
}
