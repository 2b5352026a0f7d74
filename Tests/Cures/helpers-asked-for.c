// SPDX-License-Identifier: Apache-2.0
// Helpers that older kernels do not have, cured: asked for first, and done without.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, char[64]);
} buffers SEC(".maps");

u64 out;

// cures: dynptr_uninitialised
SEC("tc")
int dynptr_read_where_there_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    __u32 key = 0;
    char bytes[8];
    char *buffer = bpf_map_lookup_elem(&buffers, &key);
    if (!buffer)
        return 0;
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_dynptr_read))
        return 0;
    bpf_dynptr_from_mem(buffer, 64, 0, &pointer);
    return bpf_dynptr_read(bytes, sizeof(bytes), &pointer, 0, 0);
}

// cures: dynptr_leaked, dynptr_submitted_twice, dynptr_overwritten
SEC("tc")
int dynptr_reserved_where_there_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ringbuf_reserve_dynptr))
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
    bpf_ringbuf_submit_dynptr(&pointer, 0);
    return 0;
}

// cures: dynptr_slice_bounds
SEC("tc")
int dynptr_slice_where_there_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    int result = 0;
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ringbuf_reserve_dynptr))
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &pointer);
    long *slice = bpf_dynptr_data(&pointer, 0, 8);
    if (slice)
        result = slice[0];
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    return result;
}

// cures: dynptr_from_stack
SEC("tc")
int dynptr_from_memory_where_there_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    __u32 key = 0;
    char *buffer = bpf_map_lookup_elem(&buffers, &key);
    if (!buffer)
        return 0;
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_dynptr_from_mem))
        return 0;
    return bpf_dynptr_from_mem(buffer, 8, 0, &pointer);
}

// cures: helper_newer_than_kernel
SEC("kprobe/vfs_open")
int function_address_where_there_cured(struct pt_regs *ctx)
{
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ip))
        return 0;
    return bpf_get_func_ip(ctx) != 0;
}

// cures: closed
SEC("sockops")
int three_values_printed_cured(struct bpf_sock_ops *ops)
{
    bpf_printk("%x:%d -> %x", ops->local_ip4, ops->local_port, ops->remote_ip4);
    bpf_printk("-> %x:%d", ops->remote_ip4, ops->remote_port);
    return 1;
}

// cures: uid, uid_loaded_twice
SEC("fentry/do_exit")
int BPF_PROG(uid_where_there_cured, long code)
{
    struct task_struct *task;

    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
        return 0;
    task = bpf_get_current_task_btf();
    out = task->cred->uid.val;
    return 0;
}

// cures: exe
SEC("fentry/do_exit")
int BPF_PROG(exe_where_there_cured, long code)
{
    struct task_struct *task;
    struct mm_struct *mm;

    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
        return 0;
    task = bpf_get_current_task_btf();
    mm = task->mm;
    out = mm->exe_file->f_flags;
    return 0;
}

// cures: exe_lsm
SEC("lsm/file_open")
int BPF_PROG(exe_in_hook_where_there_cured, struct file *file)
{
    if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
        struct task_struct *task = bpf_get_current_task_btf();

        out = task->mm->exe_file->f_flags;
    }
    return 0;
}

// cures: parent, cgroup
SEC("fentry/do_exit")
int BPF_PROG(parent_and_cgroup_where_there_cured, long code)
{
    struct task_struct *task;

    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
        return 0;
    task = bpf_get_current_task_btf();
    out = task->real_parent->tgid;
    out += task->cgroups->dfl_cgrp->kn->id;
    return 0;
}
