// SPDX-License-Identifier: Apache-2.0
// Timers in maps' values: since 5.15.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

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

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct timed);
} others SEC(".maps");

static __always_inline struct timed *found(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&timed, &key);
}

// expected: helper-unknown on 5.10, timer-misuse on 6.1 6.12 7.2
SEC("tc")
int timer_at_wrong_place(struct __sk_buff *skb)
{
    struct timed *value = found();
    if (!value)
        return 0;
    bpf_timer_init((struct bpf_timer *)&value->count, &timed, 0); // refused here
    return 0;
}

// expected: helper-unknown on 5.10, timer-misuse on 6.1 6.12 7.2
SEC("tc")
int timer_of_another_map(struct __sk_buff *skb)
{
    struct timed *value = found();
    if (!value)
        return 0;
    bpf_timer_init(&value->timer, &others, 0); // refused here
    return 0;
}

// expected: accepted on 5.10 7.2, timer-misuse on 6.1 6.12
SEC("kprobe/vfs_open")
int timer_in_kprobe(struct pt_regs *ctx)
{
    struct timed *value = found();
    return value ? value->count : 0;
}

// expected: accepted on 5.10, timer-misuse on 6.1 6.12 7.2
SEC("tc")
int timer_written_directly(struct __sk_buff *skb)
{
    struct timed *value = found();
    if (!value)
        return 0;
    *(long *)&value->timer = 0; // refused here
    return 0;
}
