// SPDX-License-Identifier: Apache-2.0
// Pointers of the kernel's in maps' values: since 5.19.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct holder {
    struct task_struct __kptr_untrusted *task;
    long count;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct holder);
} holders SEC(".maps");

static __always_inline struct holder *holder(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&holders, &key);
}

// expected: accepted on 5.10 6.1, kptr-misuse on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(kptr_number, struct task_struct *task)
{
    struct holder *value = holder();
    if (value)
        *(volatile long *)&value->task = 8; // refused here
    return 0;
}

// expected: accepted on 5.10 6.1, kptr-misuse on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(kptr_half, struct task_struct *task)
{
    struct holder *value = holder();
    return value ? *(volatile int *)&value->task : 0; // refused here
}

// expected: accepted on 5.10 6.1, kptr-misuse on 6.12 7.2
SEC("tp_btf/task_newtask")
int BPF_PROG(kptr_wrong_type, struct task_struct *task)
{
    struct holder *value = holder();
    if (value)
        *(void *volatile *)&value->task = task->mm; // refused here
    return 0;
}
