// SPDX-License-Identifier: Apache-2.0
// Timers that are the field of their own map's value, and not asked for by kernels that lack them.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define kernel_has_timers() bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_timer_init)

struct timed {
    long count;
    struct bpf_timer timer;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct timed);
} timed SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, long);
} counts SEC(".maps");

static __always_inline struct timed *found(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&timed, &key);
}

// cures: timer_at_wrong_place, timer_of_another_map
SEC("tc")
int timer_of_its_value_cured(struct __sk_buff *skb)
{
    struct timed *value = found();
    if (!value)
        return 0;
    if (kernel_has_timers())
        bpf_timer_init(&value->timer, &timed, 0);
    return 0;
}

// cures: timer_in_kprobe
SEC("kprobe/vfs_open")
int value_without_timer_cured(struct pt_regs *ctx)
{
    __u32 key = 0;
    long *value = bpf_map_lookup_elem(&counts, &key);
    return value ? *value : 0;
}

// cures: timer_in_kprobe
SEC("tc")
int timer_in_another_type_cured(struct __sk_buff *skb)
{
    struct timed *value = found();
    return value ? value->count : 0;
}
