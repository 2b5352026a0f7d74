// SPDX-License-Identifier: Apache-2.0
// The stack, cured: variables get a value, padding is filled, and large buffers are in a per-CPU array.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u64);
    __type(value, __u64);
} table SEC(".maps");

struct padded {
    __u32 first;
    __u64 second;
    __u16 third;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, struct padded);
    __type(value, __u64);
} by_structure SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, char[400]);
} buffers SEC(".maps");

// cures: stack_read
SEC("socket")
naked int stack_read_when_written_cured(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 - 8) = r0; r0 = *(u64 *)(r10 - 8); exit;");
}

// cures: stack_read
SEC("socket")
int variable_with_value_cured(struct __sk_buff *skb)
{
    volatile __u64 variable = 0;
    return variable;
}

// cures: key_uninitialised
SEC("kprobe/vfs_open")
int key_filled_cured(struct pt_regs *ctx)
{
    __u64 key;
    __builtin_memset(&key, 0, sizeof(key));
    bpf_map_lookup_elem(&table, &key);
    return 0;
}

// cures: key_uninitialised
SEC("kprobe/vfs_open")
int key_filled_before_member_cured(struct pt_regs *ctx)
{
    struct padded key;
    __builtin_memset(&key, 0, sizeof(key));
    key.third = bpf_get_smp_processor_id();
    bpf_map_lookup_elem(&by_structure, &key);
    return 0;
}

static __attribute__((noinline)) int sums(struct __sk_buff *skb, int offset)
{
    __u32 key = 1;
    char *bytes = bpf_map_lookup_elem(&buffers, &key);
    if (!bytes)
        return 0;
    bpf_skb_load_bytes(skb, offset, bytes, 400);
    return bytes[7] + bytes[300];
}

// cures: stack_too_large
SEC("tc")
int buffers_in_map_cured(struct __sk_buff *skb)
{
    __u32 key = 0;
    char *bytes = bpf_map_lookup_elem(&buffers, &key);
    if (!bytes)
        return 0;
    bpf_skb_load_bytes(skb, 0, bytes, 400);
    return sums(skb, bytes[7]) + bytes[300];
}
