// SPDX-License-Identifier: Apache-2.0
// Functions of the kernel's own, declared weak and called only after a test, with arguments and from programs that suit them.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
extern struct task_struct *bpf_task_from_pid___old(s32 pid, u64 flags) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym __weak;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym __weak;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym __weak;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *pointer) __ksym __weak;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *pointer, __u64 offset, void *buffer, __u64 size) __ksym __weak;
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern int bpf_copy_from_user_str(void *dst, u32 size, const void *unsafe, u64 flags) __ksym __weak;
extern int bpf_no_such_kfunc_anywhere(void) __ksym __weak;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym __weak;

// cures: kfunc_of_no_kernel
SEC("tc")
int kfunc_asked_for_cured(struct __sk_buff *skb)
{
    if (bpf_ksym_exists(bpf_no_such_kfunc_anywhere))
        return bpf_no_such_kfunc_anywhere();
    return 0;
}

// cures: kick_scheduler
SEC("tp_btf/task_newtask")
int BPF_PROG(scheduler_kicked_cured, struct task_struct *task)
{
    if (bpf_ksym_exists(scx_bpf_kick_cpu))
        scx_bpf_kick_cpu(0, 0);
    return 0;
}

// cures: kfunc_not_allowed
SEC("tp_btf/task_newtask")
int BPF_PROG(kfunc_allowed_cured, struct task_struct *new)
{
    if (!bpf_ksym_exists(bpf_task_from_pid))
        return 0;
    struct task_struct *task = bpf_task_from_pid(1);
    if (task)
        bpf_task_release(task);
    return 0;
}

// cures: forked
SEC("tp_btf/sched_process_fork")
int BPF_PROG(task_by_declared_kfunc_cured, struct task_struct *parent, struct task_struct *child)
{
    if (!bpf_ksym_exists(bpf_task_from_pid))
        return 0;
    struct task_struct *task = bpf_task_from_pid(1);

    if (task)
        bpf_task_release(task);
    return 0;
}

// cures: forked
SEC("tp_btf/sched_process_fork")
int BPF_PROG(task_by_flavours_cured, struct task_struct *parent, struct task_struct *child)
{
    struct task_struct *task = 0;

    if (bpf_ksym_exists(bpf_task_from_pid))
        task = bpf_task_from_pid(1);
    else if (bpf_ksym_exists(bpf_task_from_pid___old))
        task = bpf_task_from_pid___old(1, 0);
    if (task)
        bpf_task_release(task);
    return 0;
}

// cures: task_leaked
SEC("tp_btf/task_newtask")
int BPF_PROG(task_given_back_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_task_acquire))
        return 0;
    struct task_struct *own = bpf_task_acquire(task);
    if (own)
        bpf_task_release(own);
    return 0;
}

// cures: task_null
SEC("tp_btf/task_newtask")
int BPF_PROG(task_tested_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_task_from_pid))
        return 0;
    struct task_struct *own = bpf_task_from_pid(1);
    if (!own)
        return 0;
    bpf_task_release(own);
    return 0;
}

// cures: task_untrusted, kfunc_wrong_type, kfunc_scalar
SEC("tp_btf/task_newtask")
int BPF_PROG(own_argument_handed_over_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_task_acquire))
        return 0;
    struct task_struct *own = bpf_task_acquire(task);
    if (own)
        bpf_task_release(own);
    return 0;
}

// cures: task_untrusted, kfunc_wrong_type, kfunc_scalar
SEC("tp_btf/task_newtask")
int BPF_PROG(acquired_handed_over_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_task_from_pid))
        return 0;
    struct task_struct *first = bpf_task_from_pid(1);
    if (!first)
        return 0;
    struct task_struct *own = bpf_task_acquire(first);
    if (own)
        bpf_task_release(own);
    bpf_task_release(first);
    return 0;
}

// cures: task_untrusted
SEC("tp_btf/task_newtask")
int BPF_PROG(read_under_rcu_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_rcu_read_lock))
        return 0;
    bpf_rcu_read_lock();
    struct task_struct *own = bpf_task_acquire(task->group_leader->real_parent);
    if (own)
        bpf_task_release(own);
    bpf_rcu_read_unlock();
    return 0;
}

// cures: rcu_held, rcu_not_held
SEC("tp_btf/task_newtask")
int BPF_PROG(rcu_in_pairs_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_rcu_read_lock) || !bpf_ksym_exists(bpf_rcu_read_unlock))
        return 0;
    bpf_rcu_read_lock();
    bpf_rcu_read_unlock();
    return 0;
}

// cures: sleeps_under_rcu
// accepted on 6.1 6.12 7.2 7.3
SEC("lsm.s/file_open")
int BPF_PROG(sleeps_before_rcu_cured, struct file *file)
{
    char name[8];
    if (!bpf_ksym_exists(bpf_rcu_read_lock))
        return 0;
    bpf_copy_from_user(name, sizeof(name), (void *)8);
    bpf_rcu_read_lock();
    bpf_rcu_read_unlock();
    return 0;
}

// cures: iterator_uninitialised, iterator_leaked
SEC("tp_btf/task_newtask")
int BPF_PROG(iterator_begun_and_ended_cured, struct task_struct *task)
{
    struct bpf_iter_num numbers;
    if (!bpf_ksym_exists(bpf_iter_num_new) || !bpf_ksym_exists(bpf_iter_num_next))
        return 0;
    bpf_iter_num_new(&numbers, 0, 3);
    bpf_iter_num_next(&numbers);
    bpf_iter_num_destroy(&numbers);
    return 0;
}

// cures: iterator_created_twice
SEC("tp_btf/task_newtask")
int BPF_PROG(iterator_ended_first_cured, struct task_struct *task)
{
    struct bpf_iter_num numbers;
    if (!bpf_ksym_exists(bpf_iter_num_new))
        return 0;
    bpf_iter_num_new(&numbers, 0, 3);
    bpf_iter_num_destroy(&numbers);
    bpf_iter_num_new(&numbers, 0, 3);
    bpf_iter_num_destroy(&numbers);
    return 0;
}

// cures: iterator_created_twice
SEC("tp_btf/task_newtask")
int BPF_PROG(iterators_of_their_own_cured, struct task_struct *task)
{
    struct bpf_iter_num numbers, others;
    if (!bpf_ksym_exists(bpf_iter_num_new))
        return 0;
    bpf_iter_num_new(&numbers, 0, 3);
    bpf_iter_num_new(&others, 0, 3);
    bpf_iter_num_destroy(&others);
    bpf_iter_num_destroy(&numbers);
    return 0;
}

// cures: kfunc_that_sleeps
// accepted on 6.1 6.12 7.2 7.3
SEC("lsm.s/file_open")
int BPF_PROG(kfunc_that_sleeps_cured, struct file *file)
{
    char name[8];
    if (bpf_ksym_exists(bpf_copy_from_user_str))
        bpf_copy_from_user_str(name, sizeof(name), (void *)8, 0);
    return 0;
}

// cures: slice_of_any_size
SEC("tc")
int slice_of_one_size_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    char buffer[32];
    if (!bpf_ksym_exists(bpf_dynptr_from_skb))
        return 0;
    if (bpf_dynptr_from_skb(skb, 0, &pointer))
        return 0;
    return bpf_dynptr_slice(&pointer, 0, buffer, 31) != 0;
}

// cures: preemption_left_off, preemption_not_off, preemption_in_pairs
SEC("fentry/vfs_open")
int BPF_PROG(preemption_asked_for_cured)
{
    if (!bpf_ksym_exists(bpf_preempt_disable) || !bpf_ksym_exists(bpf_preempt_enable))
        return 0;
    bpf_preempt_disable();
    bpf_preempt_enable();
    return 0;
}
