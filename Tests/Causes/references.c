// SPDX-License-Identifier: Apache-2.0
// What was taken must be given back, once.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

// expected: reference-leak
SEC("kprobe/vfs_open")
int record_leaked(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    *record = 1;
    if (bpf_get_prandom_u32() & 1)
        return 0;
    bpf_ringbuf_submit(record, 0);
    return 0;
} // refused here

// expected: reference-leak
SEC("tc")
int socket_leaked(struct __sk_buff *skb)
{
    struct bpf_sock_tuple tuple = {};
    struct bpf_sock *socket = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
    return socket != 0; // refused here
}

// expected: reference-released
SEC("kprobe/vfs_open")
int record_submitted_twice(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    bpf_ringbuf_submit(record, 0);
    bpf_ringbuf_submit(record, 0); // refused here
    return 0;
}

// expected: reference-released
SEC("kprobe/vfs_open")
int record_used_after_submit(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    bpf_ringbuf_submit(record, 0);
    *record = 2; // refused here
    return 0;
}

// expected: reference-released
SEC("tc")
int socket_never_taken(struct __sk_buff *skb)
{
    struct bpf_sock *socket = skb->sk;
    if (!socket)
        return 0;
    socket = bpf_sk_fullsock(socket);
    if (!socket)
        return 0;
    bpf_sk_release(socket); // refused here
    return 0;
}

// expected: null-argument
SEC("tc")
int socket_null_released(struct __sk_buff *skb)
{
    struct bpf_sock_tuple tuple = {};
    struct bpf_sock *socket = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
    bpf_sk_release(socket); // refused here
    return 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} table SEC(".maps");

static __attribute__((noinline)) long visit(void *map, __u32 *key, __u64 *value, void *context)
{
    return 7; // refused here
}

// expected: callbacks-unknown on 5.10, return-value on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int callback_return_value(struct pt_regs *ctx)
{
    bpf_for_each_map_elem(&table, visit, 0, 0);
    return 0;
}

// expected: reference-released
SEC("tc")
int socket_used_after_two_releases(struct __sk_buff *skb)
{
    struct bpf_sock_tuple tuple = {};
    struct bpf_sock *socket = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), -1, 0);
    if (!socket)
        return 0;
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        bpf_sk_release(socket);
        return 0;
    }
    *record = 1;
    bpf_sk_release(socket);
    bpf_ringbuf_submit(record, 0);
    return socket->family; // refused here
}
