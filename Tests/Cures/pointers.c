// SPDX-License-Identifier: Apache-2.0
// Reads and writes that stay within what a pointer points to: values of maps, records, constants, and structures of the kernel's.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

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
    __type(key, __u32);
    __type(value, struct pair[2]);
} larger_pairs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, char[64]);
} texts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} variables SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

volatile __u64 limit = 7;
__u64 flags_seen;

// cures: null_argument
SEC("kprobe/vfs_open")
int value_tested_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&table, &key);
    if (!value)
        return 0;
    bpf_map_update_elem(&table, &key, value, BPF_ANY);
    return 0;
}

// cures: map_value_bounds
SEC("kprobe/vfs_open")
int what_lies_in_value_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    struct pair *pair = bpf_map_lookup_elem(&pairs, &key);
    if (!pair)
        return 0;
    return pair[0].second;
}

// cures: map_value_bounds
SEC("kprobe/vfs_open")
int larger_value_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    struct pair *pair = bpf_map_lookup_elem(&larger_pairs, &key);
    if (!pair)
        return 0;
    return pair[1].second;
}

// The size is the number of pairs in a value, not the value's bytes.
// cures: map_value_index
SEC("kprobe/vfs_open")
int index_of_pair_checked_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    struct pair *pair = bpf_map_lookup_elem(&larger_pairs, &key);
    __u32 index = bpf_get_prandom_u32() & 0xff;
    if (!pair)
        return 0;
    if (index >= 2)
        return 0;
    return pair[index].second;
}

struct task_struct___gone {
    u64 nope;
} __attribute__((preserve_access_index));

// cures: false_relocation
SEC("raw_tp/sys_enter")
int index_of_byte_checked_cured(void *ctx)
{
    u32 key = 0;
    u64 index = bpf_get_prandom_u32() & 127, written = 1;
    struct task_struct___gone *task = (void *)bpf_get_current_task();
    char *value = bpf_map_lookup_elem(&texts, &key);

    if (!value)
        return 0;
    if (bpf_core_field_exists(task->nope)) {
        written = bpf_core_field_offset(struct task_struct___gone, nope);
        asm volatile("" : "+r"(written));
    }
    if (index >= 64)
        return 0;
    value += index;
    asm volatile("" : "+r"(value));
    *value = written;
    return 0;
}

// cures: map_value_smaller_than_size
SEC("kprobe/vfs_open")
int size_of_value_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&pairs, &key);
    if (!value)
        return 0;
    bpf_probe_read_kernel(value, 8, (void *)ctx);
    return 0;
}

// cures: map_value_smaller_than_size
SEC("kprobe/vfs_open")
int value_for_size_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&larger_pairs, &key);
    if (!value)
        return 0;
    bpf_probe_read_kernel(value, 16, (void *)ctx);
    return 0;
}

// cures: record_bounds
SEC("kprobe/vfs_open")
int record_of_two_cured(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, 2 * sizeof(*record), 0);
    if (!record)
        return 0;
    record[1] = 1;
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// cures: record_bounds
SEC("kprobe/vfs_open")
int first_of_record_cured(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    record[0] = 1;
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// cures: write_to_constants
SEC("kprobe/vfs_open")
int write_to_map_without_flag_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&variables, &key);
    if (value)
        *value = 1;
    return 0;
}

// cures: write_to_rodata
SEC("kprobe/vfs_open")
int write_to_variable_cured(struct pt_regs *ctx)
{
    __u64 *writable = (__u64 *)&limit;
    barrier_var(writable);
    *writable = 1;
    return 0;
}

// cures: scalar_dereference
SEC("kprobe/vfs_open")
int file_read_by_core_cured(struct pt_regs *ctx)
{
    struct file *file = (struct file *)PT_REGS_PARM1(ctx);
    return BPF_CORE_READ(file, f_flags);
}

// cures: scalar_dereference
SEC("kprobe/vfs_open")
int file_read_by_helper_cured(struct pt_regs *ctx)
{
    struct file *file = (struct file *)PT_REGS_PARM1(ctx);
    unsigned int flags = 0;
    bpf_probe_read_kernel(&flags, sizeof(flags), &file->f_flags);
    return flags;
}

// cures: scalar_dereference
SEC("fentry/vfs_open")
int BPF_PROG(file_followed_by_type_cured, const struct path *path, struct file *file)
{
    flags_seen = file->f_flags;
    return 0;
}

// cures: scalar_dereference
SEC("kprobe/vfs_open")
int user_memory_read_cured(struct pt_regs *ctx)
{
    __u32 *text = (__u32 *)PT_REGS_PARM1(ctx);
    __u32 first = 0;
    bpf_probe_read_user(&first, sizeof(first), text);
    return first;
}

// cures: current_task_followed
SEC("kprobe/vfs_open")
int current_task_read_cured(struct pt_regs *ctx)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    return BPF_CORE_READ(task, pid);
}

// cures: current_task_followed
SEC("kprobe/vfs_open")
int current_task_by_type_cured(struct pt_regs *ctx)
{
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
        return 0;
    struct task_struct *task = bpf_get_current_task_btf();
    return task->pid;
}
