// SPDX-License-Identifier: Apache-2.0
// Spin locks and atomic operations, cured: taken and let go in pairs, in a field of their own, or done without.

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
    struct bpf_spin_lock lock;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct plain);
} with_lock SEC(".maps");

struct unlocked {
    __u64 count;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct unlocked);
} added_to SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct unlocked);
} of_each_cpu SEC(".maps");

static __always_inline struct guarded *counter(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&counters, &key);
}

// cures: lock_held
SEC("tc")
int lock_let_go_on_every_path_cured(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    guarded->count++;
    bpf_spin_unlock(&guarded->lock);
    return 0;
}

// cures: lock_not_held
SEC("tc")
int lock_taken_and_let_go_cured(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    bpf_spin_unlock(&guarded->lock);
    return 0;
}

// cures: lock_without_lock
SEC("tc")
int lock_in_its_own_field_cured(struct __sk_buff *skb)
{
    __u32 key = 0;
    struct plain *plain = bpf_map_lookup_elem(&with_lock, &key);
    if (!plain)
        return 0;
    bpf_spin_lock(&plain->lock);
    bpf_spin_unlock(&plain->lock);
    return 0;
}

// cures: lock_read_directly
SEC("tc")
int lock_touched_by_helpers_cured(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    int count;
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    count = guarded->count;
    bpf_spin_unlock(&guarded->lock);
    return count;
}

// cures: lock_in_kprobe
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int added_at_once_in_kprobe_cured(struct pt_regs *ctx)
{
    __u32 key = 0;
    struct unlocked *unlocked = bpf_map_lookup_elem(&added_to, &key);
    if (!unlocked)
        return 0;
    __sync_fetch_and_add(&unlocked->count, 1);
    return 0;
}

// cures: lock_in_kprobe
SEC("kprobe/vfs_open")
int counted_for_each_cpu_cured(struct pt_regs *ctx)
{
    __u32 key = 0;
    struct unlocked *unlocked = bpf_map_lookup_elem(&of_each_cpu, &key);
    if (!unlocked)
        return 0;
    unlocked->count++;
    return 0;
}

// cures: packet_added_to_at_once
SEC("tc")
int map_value_added_to_at_once_cured(struct __sk_buff *skb)
{
    __u32 key = 0;
    struct unlocked *unlocked = bpf_map_lookup_elem(&added_to, &key);
    __u64 one = 1;
    if (!unlocked)
        return 0;
    asm volatile("lock *(u64 *)(%0 + 0) += %1" :: "r"(unlocked), "r"(one) : "memory");
    return 0;
}

// cures: packet_added_to_at_once
SEC("tc")
int stack_added_to_at_once_cured(struct __sk_buff *skb)
{
    char *data = (void *)(long)skb->data;
    char *end = (void *)(long)skb->data_end;
    volatile __u64 sum = 0;
    __u64 one = 1;
    if (data + 8 > end)
        return 0;
    sum = *(__u64 *)data;
    asm volatile("lock *(u64 *)(%0 + 0) += %1" :: "r"(&sum), "r"(one) : "memory");
    *(__u64 *)data = sum;
    return 0;
}

// cures: lock_taken_twice
SEC("tc")
int locks_one_at_a_time_cured(struct __sk_buff *skb)
{
    __u32 key = 0;
    struct guarded *guarded = bpf_map_lookup_elem(&counters, &key);
    if (!guarded)
        return 0;
    bpf_spin_lock(&guarded->lock);
    bpf_spin_unlock(&guarded->lock);
    bpf_spin_lock(&guarded->lock);
    guarded->count++;
    bpf_spin_unlock(&guarded->lock);
    return 0;
}
