// SPDX-License-Identifier: Apache-2.0
// Maps that a program may not use or that say too little, cured: other flags, another type, a size in the source, a table for each type.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} allocated_before SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_CPUMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} processors SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} numbers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u32);
} sized_in_source SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} sending SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} receiving SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u32);
} programs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

// cures: elements_on_demand
SEC("perf_event")
int elements_allocated_before_cured(struct bpf_perf_event_data *ctx)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&allocated_before, &key) != 0;
}

// cures: asleep_with_processors
// accepted on 6.1 6.12 7.2 7.3
SEC("lsm.s/file_open")
int BPF_PROG(asleep_with_array_cured, struct file *file)
{
    asm volatile("" ::"r"(&numbers));
    return 0;
}

// cures: asleep_with_processors
// accepted on 6.1 6.12 7.2 7.3
SEC("lsm.s/file_open")
int BPF_PROG(asleep_with_hash_cured, struct file *file)
{
    asm volatile("" ::"r"(&allocated_before));
    return 0;
}

// cures: asleep_with_processors
SEC("lsm/file_open")
int BPF_PROG(awake_with_processors_cured, struct file *file)
{
    asm volatile("" ::"r"(&processors));
    return 0;
}

// cures: max_entries
SEC("kprobe/vfs_open")
int size_in_source_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&sized_in_source, &key) != 0;
}

// cures: tail_calls_on_receive
SEC("cgroup/sendmsg4")
int own_table_on_send_cured(struct bpf_sock_addr *ctx)
{
    bpf_tail_call(ctx, &sending, 0);
    return 1;
}

// cures: tail_calls_on_receive
SEC("cgroup/recvmsg4")
int own_table_on_receive_cured(struct bpf_sock_addr *ctx)
{
    bpf_tail_call(ctx, &receiving, 1);
    return 1;
}

// cures: tail_call_with_reference
SEC("tc")
int record_given_back_before_tail_call_cured(struct __sk_buff *skb)
{
    void *record = bpf_ringbuf_reserve(&ring, 8, 0);
    if (!record)
        return 0;
    bpf_ringbuf_discard(record, 0);
    bpf_tail_call(skb, &programs, 0);
    return 0;
}
