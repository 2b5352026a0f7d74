// SPDX-License-Identifier: Apache-2.0
// Functions of the kernel's that come in pairs or want a constant, cured; kernels that lack them do without.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *pointer) __ksym __weak;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *pointer, __u64 offset, void *buffer, __u64 size) __ksym __weak;
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern void bpf_local_irq_save(unsigned long *flags) __ksym __weak;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym __weak;

// cures: rcu_held
SEC("tp_btf/task_newtask")
int BPF_PROG(rcu_let_go_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_rcu_read_lock))
        return 0;
    bpf_rcu_read_lock();
    if (task->pid == 1) {
        bpf_rcu_read_unlock();
        return 0;
    }
    bpf_rcu_read_unlock();
    return 0;
}

// cures: rcu_not_held
SEC("tp_btf/task_newtask")
int BPF_PROG(rcu_taken_and_left_cured, struct task_struct *task)
{
    if (!bpf_ksym_exists(bpf_rcu_read_lock))
        return 0;
    bpf_rcu_read_lock();
    bpf_rcu_read_unlock();
    return 0;
}

// cures: slice_of_any_size
SEC("tc")
int slice_of_constant_size_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    char buffer[32];
    if (!bpf_ksym_exists(bpf_dynptr_slice))
        return 0;
    if (bpf_dynptr_from_skb(skb, 0, &pointer))
        return 0;
    return bpf_dynptr_slice(&pointer, 0, buffer, 31) != 0;
}

// cures: preemption_left_off
SEC("fentry/vfs_open")
int BPF_PROG(preemption_on_again_cured)
{
    if (!bpf_ksym_exists(bpf_preempt_disable))
        return 0;
    bpf_preempt_disable();
    bpf_preempt_enable();
    return 0;
}

// cures: preemption_left_off
SEC("fentry/vfs_open")
int BPF_PROG(interrupts_on_again_cured)
{
    unsigned long flags;
    if (!bpf_ksym_exists(bpf_local_irq_save))
        return 0;
    bpf_local_irq_save(&flags);
    bpf_local_irq_restore(&flags);
    return 0;
}

// cures: preemption_not_off
SEC("fentry/vfs_open")
int BPF_PROG(preemption_off_before_cured)
{
    if (!bpf_ksym_exists(bpf_preempt_enable))
        return 0;
    bpf_preempt_disable();
    bpf_preempt_enable();
    return 0;
}
