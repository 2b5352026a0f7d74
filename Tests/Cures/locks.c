// SPDX-License-Identifier: Apache-2.0
// Spin locks with nothing between lock and unlock that calls.

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

static __always_inline struct guarded *counter(void)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&counters, &key);
}

// cures: call_under_lock
SEC("tc")
int called_before_lock_cured(struct __sk_buff *skb)
{
    struct guarded *guarded = counter();
    if (!guarded)
        return 0;
    int now = bpf_ktime_get_ns();
    bpf_spin_lock(&guarded->lock);
    guarded->count = now;
    bpf_spin_unlock(&guarded->lock);
    return 0;
}
