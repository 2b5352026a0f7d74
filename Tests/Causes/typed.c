// SPDX-License-Identifier: Apache-2.0
// Reads through pointers whose type the kernel knows.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

// expected: typed-pointer-access
SEC("tp_btf/sched_process_exit")
int BPF_PROG(half_a_pointer, struct task_struct *task)
{
    return *(volatile __u32 *)&task->mm; // refused here
}

// expected: typed-pointer-access
SEC("tp_btf/sched_process_exit")
int BPF_PROG(before_the_task, struct task_struct *task)
{
    return *((volatile long *)task - 1); // refused here
}

static __noinline int called_both_ways(__u32 index, void *context)
{
    return index > 3;
}

// Called directly too, so that a kernel without callbacks counts it as a function.
// expected: callbacks-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int address_of_function(struct pt_regs *ctx)
{
    int result = called_both_ways(bpf_get_smp_processor_id(), 0);

    bpf_loop(3, called_both_ways, 0, 0);
    return result;
}
