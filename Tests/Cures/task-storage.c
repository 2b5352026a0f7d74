// SPDX-License-Identifier: Apache-2.0
// What belongs to a task, asked for with the task as a pointer.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} counts SEC(".maps");

// cures: task_as_number
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int task_by_type_cured(struct pt_regs *ctx)
{
    struct task_struct *task = bpf_get_current_task_btf();
    return bpf_task_storage_get(&counts, task, 0, 1) != 0;
}
