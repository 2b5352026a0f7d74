// SPDX-License-Identifier: Apache-2.0
// What was taken is given back, once, by the pointer that was got for it.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

// cures: record_leaked
SEC("kprobe/vfs_open")
int record_discarded_cured(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    *record = 1;
    if (bpf_get_prandom_u32() & 1) {
        bpf_ringbuf_discard(record, 0);
        return 0;
    }
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// cures: socket_leaked
SEC("tc")
int socket_released_cured(struct __sk_buff *skb)
{
    struct bpf_sock_tuple tuple = {};
    struct bpf_sock *socket = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
    int found = socket != 0;
    if (socket)
        bpf_sk_release(socket);
    return found;
}

// cures: record_submitted_twice
SEC("kprobe/vfs_open")
int record_submitted_once_cured(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// cures: record_used_after_submit
SEC("kprobe/vfs_open")
int record_used_before_submit_cured(struct pt_regs *ctx)
{
    __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    *record = 2;
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// cures: socket_used_after_two_releases
SEC("tc")
int socket_used_before_releases_cured(struct __sk_buff *skb)
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
    int family = socket->family;
    bpf_sk_release(socket);
    bpf_ringbuf_submit(record, 0);
    return family;
}

// cures: socket_never_taken
SEC("tc")
int socket_not_given_back_cured(struct __sk_buff *skb)
{
    struct bpf_sock *socket = skb->sk;
    if (!socket)
        return 0;
    socket = bpf_sk_fullsock(socket);
    if (!socket)
        return 0;
    return 0;
}

// cures: socket_never_taken
SEC("tc")
int socket_taken_first_cured(struct __sk_buff *skb)
{
    struct bpf_sock_tuple tuple = {};
    struct bpf_sock *socket = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
    if (!socket)
        return 0;
    bpf_sk_release(socket);
    return 0;
}

// cures: submit_moved
SEC("tc")
int pointer_kept_for_submit_cured(struct __sk_buff *ctx)
{
    char *record = bpf_ringbuf_reserve(&ring, 16, 0), *moved;

    if (!record)
        return 0;
    moved = record;
    moved += 8;
    asm volatile("" : "+r"(moved));
    *moved = 1;
    bpf_ringbuf_submit(record, 0);
    return 0;
}
