// SPDX-License-Identifier: Apache-2.0
// Kernel structures and contexts, cured: fields by their names, whole pointers, and the helper for what lies around them.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u32);
} kept SEC(".maps");

u64 out;

// cures: typed_pointer_write
SEC("tp_btf/task_newtask")
int BPF_PROG(value_kept_in_map_cured, struct task_struct *task)
{
    __u32 key = task->pid, value = 1;
    bpf_map_update_elem(&kept, &key, &value, BPF_ANY);
    return 0;
}

// cures: typed_pointer_bounds
SEC("tp_btf/task_newtask")
int BPF_PROG(field_by_name_cured, struct task_struct *task)
{
    return task->pid;
}

// cures: typed_pointer_bounds
SEC("tp_btf/task_newtask")
int BPF_PROG(behind_structure_by_helper_cured, struct task_struct *task)
{
    int value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), (char *)task + 1000000);
    return value;
}

// cures: half_a_pointer
SEC("tp_btf/sched_process_exit")
int BPF_PROG(whole_pointer_cured, struct task_struct *task)
{
    return *(volatile __u64 *)&task->mm != 0;
}

struct around {
    long before;
    struct task_struct task;
};

// cures: before_the_task
SEC("tp_btf/sched_process_exit")
int BPF_PROG(before_structure_by_helper_cured, struct task_struct *task)
{
    struct around *around = container_of(task, struct around, task);
    long value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), &around->before);
    return value;
}

// cures: context_write_registers
SEC("kprobe/vfs_open")
int registers_only_read_cured(struct pt_regs *ctx)
{
    out = ctx->ax;
    return 0;
}

// cures: context_offset
SEC("socket")
int context_field_by_name_cured(struct __sk_buff *skb)
{
    return skb->len;
}

// cures: context_write
SEC("socket")
int context_field_written_cured(struct __sk_buff *skb)
{
    skb->cb[0] = 1;
    return 0;
}

// cures: argument_beyond_function
SEC("fentry/vfs_open")
int BPF_PROG(arguments_of_function_cured, void *first, void *second)
{
    out = (long)second;
    return 0;
}

// cures: argument_beyond_function
SEC("fexit/vfs_open")
int BPF_PROG(returned_behind_arguments_cured, void *first, void *second, long third)
{
    out = third;
    return 0;
}
