// SPDX-License-Identifier: Apache-2.0
// Functions of the kernel's own that programs may call, weak, so that a kernel without them refuses the call and not the object.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
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

// expected: kfunc-unknown on 5.10 6.1, kfunc-not-allowed on 6.12 7.2
SEC("socket")
int kfunc_not_allowed(struct __sk_buff *skb)
{
    struct task_struct *task = bpf_task_from_pid(1); // refused here
    if (task)
        bpf_task_release(task);
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, reference-leak on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(task_leaked, struct task_struct *task) // refused here on 6.12 7.2
{
    bpf_task_acquire(task); // refused here on 5.10 6.1
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, null-argument on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(task_null, struct task_struct *task)
{
    struct task_struct *own = bpf_task_from_pid(1); // refused here on 5.10 6.1
    bpf_task_release(own); // refused here on 6.12 7.2
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, untrusted-pointer on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(task_untrusted, struct task_struct *task)
{
    struct task_struct *own = bpf_task_acquire(task->group_leader->parent); // refused here
    if (own)
        bpf_task_release(own);
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, kfunc-argument on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(kfunc_wrong_type, struct task_struct *task)
{
    __u64 number = 8;
    struct task_struct *own = bpf_task_acquire((struct task_struct *)&number); // refused here
    if (own)
        bpf_task_release(own);
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, kfunc-argument on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(kfunc_scalar, struct task_struct *task)
{
    struct task_struct *own = bpf_task_acquire((struct task_struct *)8); // refused here
    if (own)
        bpf_task_release(own);
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, rcu-unbalanced on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(rcu_held, struct task_struct *task) // refused here on 6.12 7.2
{
    bpf_rcu_read_lock(); // refused here on 5.10 6.1
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, rcu-unbalanced on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(rcu_not_held, struct task_struct *task)
{
    bpf_rcu_read_unlock(); // refused here
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, iterator-misuse on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(iterator_uninitialised, struct task_struct *task)
{
    struct bpf_iter_num numbers;
    bpf_iter_num_next(&numbers); // refused here
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, reference-leak on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(iterator_leaked, struct task_struct *task) // refused here on 6.12 7.2
{
    struct bpf_iter_num numbers;
    bpf_iter_num_new(&numbers, 0, 3); // refused here on 5.10 6.1
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, iterator-misuse on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(iterator_created_twice, struct task_struct *task)
{
    struct bpf_iter_num numbers;
    bpf_iter_num_new(&numbers, 0, 3); // refused here on 5.10 6.1
    bpf_iter_num_new(&numbers, 0, 3); // refused here on 6.12 7.2
    bpf_iter_num_destroy(&numbers);
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, might-sleep on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(kfunc_that_sleeps, struct task_struct *task)
{
    char name[8];
    return bpf_copy_from_user_str(name, sizeof(name), (void *)8, 0); // refused here
}

// expected: target-not-sleepable on 5.10, kfunc-unknown on 6.1, sleep-in-region on 6.12 7.2
SEC("lsm.s/file_open")
int BPF_PROG(sleeps_under_rcu, struct file *file)
{
    char name[8];
    bpf_rcu_read_lock(); // refused here on 6.1
    bpf_copy_from_user(name, sizeof(name), (void *)8); // refused here on 6.12 7.2
    bpf_rcu_read_unlock();
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, helper-argument-constant on 6.12 7.2
SEC("tc")
int slice_of_any_size(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    char buffer[32];
    if (bpf_dynptr_from_skb(skb, 0, &pointer)) // refused here on 5.10 6.1
        return 0;
    return bpf_dynptr_slice(&pointer, 0, buffer, skb->len & 31) != 0; // refused here on 6.12 7.2
}

// expected: kfunc-unknown on 5.10 6.1, preemption-unbalanced on 6.12 7.2
SEC("fentry/vfs_open")
int BPF_PROG(preemption_left_off)
{
    bpf_preempt_disable();
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, preemption-unbalanced on 6.12 7.2
SEC("fentry/vfs_open")
int BPF_PROG(preemption_not_off)
{
    bpf_preempt_enable();
    return 0;
}

// expected: kfunc-unknown on 5.10 6.1, accepted on 6.12 7.2
SEC("fentry/vfs_open")
int BPF_PROG(preemption_in_pairs)
{
    bpf_preempt_disable();
    bpf_preempt_enable();
    return 0;
}
