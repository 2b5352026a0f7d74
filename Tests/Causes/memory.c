// SPDX-License-Identifier: Apache-2.0
// Reads and writes through pointers that the verifier can't prove good.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct pair {
    __u32 first;
    __u32 second;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} table SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, struct pair);
} pairs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __uint(map_flags, BPF_F_RDONLY_PROG);
    __type(key, __u32);
    __type(value, __u64);
} constants SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

const volatile __u64 limit = 7;

// expected: null-dereference
SEC("kprobe/vfs_open")
int null_dereference(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&table, &key);
    return *value; // refused here
}

// expected: null-argument
SEC("kprobe/vfs_open")
int null_argument(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&table, &key);
    bpf_map_update_elem(&table, &key, value, BPF_ANY); // refused here
    return 0;
}

// expected: scalar-dereference
SEC("kprobe/vfs_open")
int scalar_dereference(struct pt_regs *ctx)
{
    struct file *file = (struct file *)PT_REGS_PARM1(ctx);
    return file->f_flags; // refused here
}

// expected: map-value-bounds
SEC("kprobe/vfs_open")
int map_value_bounds(struct pt_regs *ctx)
{
    __u32 key = 1;
    struct pair *pair = bpf_map_lookup_elem(&pairs, &key);
    if (!pair)
        return 0;
    return pair[1].second; // refused here
}

// expected: map-value-bounds
SEC("kprobe/vfs_open")
int map_value_index(struct pt_regs *ctx)
{
    __u32 key = 1;
    struct pair *pair = bpf_map_lookup_elem(&pairs, &key);
    __u32 index = bpf_get_prandom_u32() & 0xff;
    if (!pair)
        return 0;
    return pair[index].second; // refused here
}

// expected: unbounded-offset
SEC("kprobe/vfs_open")
int map_value_unbounded(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    __u64 offset = bpf_ktime_get_ns();
    if (!value)
        return 0;
    return value[offset]; // refused here
}

// expected: unbounded-offset
SEC("kprobe/vfs_open")
int map_value_negative(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    __s64 offset = (__s64)bpf_ktime_get_ns();
    barrier_var(offset);
    if (!value || offset > 7 || offset < -8)
        return 0;
    barrier_var(offset);
    return value[offset]; // refused here
}

// expected: memory-bounds
SEC("kprobe/vfs_open")
int record_bounds(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    record[1] = 1; // refused here
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// expected: read-only-memory
SEC("kprobe/vfs_open")
int write_to_constants(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&constants, &key);
    if (value)
        *value = 1; // refused here
    return 0;
}

// expected: read-only-memory
SEC("kprobe/vfs_open")
int write_to_rodata(struct pt_regs *ctx)
{
    __u64 *writable = (__u64 *)&limit;
    barrier_var(writable);
    *writable = 1; // refused here
    return 0;
}

// expected: read-only-memory
SEC("kprobe/vfs_open")
int helper_writes_to_constants(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&constants, &key);
    if (value)
        bpf_get_current_comm(value, sizeof(*value)); // refused here
    return 0;
}

// expected: context-access
SEC("socket")
int context_offset(struct __sk_buff *skb)
{
    return *(__u32 *)((char *)skb + 4096); // refused here
}

// expected: context-access
SEC("socket")
int context_write(struct __sk_buff *skb)
{
    skb->len = 1; // refused here
    return 0;
}

// expected: context-access on 5.10 6.1 6.12, accepted on 7.2
SEC("kprobe/vfs_open")
int context_write_registers(struct pt_regs *ctx)
{
    ctx->ax = 1; // refused here
    return 0;
}

// expected: context-modified
SEC("socket")
int context_modified(struct __sk_buff *skb)
{
    __u64 offset = bpf_get_prandom_u32() & 4;
    return *(__u32 *)((char *)skb + offset); // refused here
}

// expected: typed-pointer-access
SEC("tp_btf/task_newtask")
int BPF_PROG(typed_pointer_write, struct task_struct *task)
{
    task->pid = 1; // refused here
    return 0;
}

// expected: typed-pointer-access
SEC("tp_btf/task_newtask")
int BPF_PROG(typed_pointer_bounds, struct task_struct *task)
{
    return *(int *)((char *)task + 1000000); // refused here
}

// expected: null-dereference
SEC("iter/task")
int null_from_context(struct bpf_iter__task *ctx)
{
    struct task_struct *task = ctx->task;
    return task->pid == 0; // refused here
}

// expected: scalar-dereference
SEC("kprobe/vfs_open")
int current_task_followed(struct pt_regs *ctx)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    return task->pid; // refused here
}

// expected: map-value-bounds
SEC("kprobe/vfs_open")
int map_value_smaller_than_size(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    if (!value)
        return 0;
    bpf_probe_read_kernel(value, 16, (void *)ctx); // refused here
    return 0;
}

// expected: unbounded-offset
SEC("kprobe/vfs_open")
int map_value_signed_index(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    int index = (int)PT_REGS_PARM2(ctx);
    if (!value)
        return 0;
    if (index < 8)
        value[index] = 1; // refused here
    return 0;
}

// expected: context-access
SEC("fentry/vfs_open")
int BPF_PROG(argument_beyond_function, void *first, void *second, void *third) // refused here
{
    return (long)third;
}
