// SPDX-License-Identifier: Apache-2.0
// What is given back, or used as a map, through a pointer that was moved.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 4);
    __type(key, u32);
    __type(value, u64);
} table SEC(".maps");

// expected: accepted on 5.10, reference-released on 6.1 6.12 7.2
SEC("tc")
int submit_moved(struct __sk_buff *ctx)
{
    char *record = bpf_ringbuf_reserve(&ring, 16, 0);

    if (!record)
        return 0;
    record += 8;
    asm volatile("" : "+r"(record));
    bpf_ringbuf_submit(record, 0); // refused here
    return 0;
}

// expected: pointer-arithmetic
SEC("tc")
int release_moved(struct __sk_buff *ctx)
{
    struct bpf_sock_tuple tuple = {};
    char *socket = (char *)bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);

    if (!socket)
        return 0;
    socket += 8;
    asm volatile("" : "+r"(socket));
    bpf_sk_release((struct bpf_sock *)socket);
    return 0;
}

// expected: pointer-arithmetic
SEC("tc")
int map_moved(struct __sk_buff *ctx)
{
    u32 key = 0;
    char *map = (char *)&table;

    asm volatile("%0 += 8" : "+r"(map));
    return bpf_map_lookup_elem((void *)map, &key) != 0;
}

// expected: accepted
SEC("tc")
int submit_kept(struct __sk_buff *ctx)
{
    char *record = bpf_ringbuf_reserve(&ring, 16, 0);

    if (!record)
        return 0;
    record[8] = 1;
    bpf_ringbuf_submit(record, 0);
    return 0;
}
