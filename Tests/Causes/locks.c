// SPDX-License-Identifier: Apache-2.0
// Spin locks and timers in maps' values.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct guarded {
    struct bpf_spin_lock lock;
    int count;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct guarded);
} counters SEC(".maps");

struct plain {
    long lock;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct plain);
} unguarded SEC(".maps");

static __always_inline struct guarded *counter(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&counters, &key);
}

// expected: lock-held
SEC("tc")
int lock_held(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    guarded->count++;
    return 0;
} // refused here

// expected: call-under-lock
SEC("tc")
int call_under_lock(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    guarded->count = bpf_ktime_get_ns(); // refused here
    bpf_spin_unlock(&guarded->lock);
    return 0;
}

// expected: lock-not-held
SEC("tc")
int lock_not_held(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_unlock(&guarded->lock); // refused here
    return 0;
}

// expected: call-under-lock
SEC("tc")
int lock_taken_twice(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    bpf_spin_lock(&guarded->lock); // refused here
    bpf_spin_unlock(&guarded->lock);
    return 0;
}

// expected: lock-not-allowed
SEC("kprobe/vfs_open")
int lock_in_kprobe(struct pt_regs *ctx)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    bpf_spin_unlock(&guarded->lock);
    return 0;
}

// expected: lock-not-allowed
SEC("tc")
int lock_without_lock(struct __sk_buff *skb)
{
    __u32 key = 0;
    struct plain *plain = bpf_map_lookup_elem(&unguarded, &key);
    if (!plain)
        return 0;
    bpf_spin_lock((struct bpf_spin_lock *)&plain->lock); // refused here
    bpf_spin_unlock((struct bpf_spin_lock *)&plain->lock);
    return 0;
}

// expected: lock-not-allowed
SEC("tc")
int lock_read_directly(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    return *(int *)&guarded->lock; // refused here
}
