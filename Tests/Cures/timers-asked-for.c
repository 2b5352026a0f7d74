// SPDX-License-Identifier: Apache-2.0
// Timers in maps' values, cured: the helper is asked for first, and the kernel that lacks it does without a timer.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

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

static __always_inline struct timed *found(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&timed, &key);
}

// cures: timer_at_wrong_place, timer_of_another_map
SEC("tc")
int timer_where_there_cured(struct __sk_buff *skb)
{
    struct timed *value = found();
    if (!value)
        return 0;
    if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_timer_init))
        return 0;
    bpf_timer_init(&value->timer, &timed, 0);
    return 0;
}
