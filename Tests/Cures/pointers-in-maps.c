// SPDX-License-Identifier: Apache-2.0
// Pointers of the kernel's in maps' values, cured: whole, of their own type, or exchanged where they own what they point to.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

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

struct owner {
    struct task_struct __kptr *task;
    long count;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct owner);
} owners SEC(".maps");

static __always_inline struct holder *holder(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&holders, &key);
}

// cures: kptr_number
SEC("tp_btf/task_newtask")
int BPF_PROG(kptr_of_its_own_type_cured, struct task_struct *task)
{
    struct holder *value = holder();
    if (value)
        *(struct task_struct *volatile *)&value->task = task;
    return 0;
}

// cures: kptr_half
SEC("tp_btf/task_newtask")
int BPF_PROG(kptr_whole_cured, struct task_struct *task)
{
    struct holder *value = holder();
    return value ? *(volatile long *)&value->task != 0 : 0;
}

// cures: kptr_number
SEC("tp_btf/task_newtask")
int BPF_PROG(kptr_exchanged_cured, struct task_struct *task)
{
    __u32 key = 0;
    struct owner *value = bpf_map_lookup_elem(&owners, &key);
    struct task_struct *own;
    if (!value || !bpf_ksym_exists(bpf_task_acquire))
        return 0;
    own = bpf_task_acquire(task);
    if (!own)
        return 0;
    own = bpf_kptr_xchg(&value->task, own);
    if (own)
        bpf_task_release(own);
    return 0;
}
