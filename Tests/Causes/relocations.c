// SPDX-License-Identifier: Apache-2.0
// Fields, types and values that no kernel has, read without asking whether they exist.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct___none {
    int no_such_field_anywhere;
} __attribute__((preserve_access_index));

struct no_such_struct_anywhere {
    int field;
} __attribute__((preserve_access_index));

// expected: relocation-without-match
SEC("kprobe/vfs_open")
int field_missing(struct pt_regs *ctx)
{
    return BPF_CORE_READ((struct task_struct___none *)bpf_get_current_task(), no_such_field_anywhere); // refused here
}

// expected: relocation-without-match
SEC("tp_btf/task_newtask")
int BPF_PROG(field_missing_direct, struct task_struct___none *task)
{
    return task->no_such_field_anywhere; // refused here
}

// expected: relocation-without-match
SEC("kprobe/vfs_open")
int type_missing(struct pt_regs *ctx)
{
    return BPF_CORE_READ((struct no_such_struct_anywhere *)bpf_get_current_task(), field); // refused here
}
