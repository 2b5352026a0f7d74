// SPDX-License-Identifier: Apache-2.0
// What is computed with numbers and pointers, cured: numbers apart from pointers, offsets checked, results tested for NULL.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u64);
} table SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

// cures: pointer_multiplied
SEC("socket")
naked int number_multiplied_apart_cured(void)
{
    asm volatile("r2 = 4; r2 *= 2; r1 += r2; r0 = 0; exit;");
}

// cures: pointer_multiplied
SEC("kprobe/vfs_open")
int index_multiplied_behind_barrier_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    __u64 index = bpf_get_prandom_u32() & 3;
    if (!value)
        return 0;
    index *= 2;
    barrier_var(index);
    return value[index];
}

// cures: pointer_added_to_pointer
SEC("socket")
naked int number_added_to_pointer_cured(void)
{
    asm volatile("r2 = 8; r1 += r2; r0 = 0; exit;");
}

// cures: pointer_in_32_bits
SEC("socket")
naked int pointer_in_64_bits_cured(void)
{
    asm volatile("r1 += 4; r0 = 0; exit;");
}

// cures: pointer_in_32_bits
SEC("kprobe/vfs_open")
int offset_of_64_bits_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    __u64 offset = 4;
    if (!value)
        return 0;
    asm volatile("%0 += %1" : "+r"(value) : "r"(offset));
    return *value;
}

// cures: pointer_subtracted_from_number
SEC("socket")
naked int number_subtracted_from_pointer_cured(void)
{
    asm volatile("r0 = 8; r1 -= r0; r0 = 0; exit;");
}

// cures: pointer_far_away
SEC("socket")
naked int far_offset_checked_cured(void)
{
    asm volatile("r2 = 0x7ffffff0; if r2 s> -1 goto leave; r1 = r10; r1 += r2; r0 = 0; *(u8 *)(r1 + 0) = r0; leave: r0 = 0; exit;");
}

// cures: pointer_far_away
SEC("kprobe/vfs_open")
int far_offset_into_value_checked_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    __u64 offset = 0x7ffffff0 + (bpf_get_prandom_u32() & 7);
    if (!value)
        return 0;
    barrier_var(offset);
    if (offset >= sizeof(__u64))
        return 0;
    asm volatile("%0 += %1" : "+r"(value) : "r"(offset));
    return *value;
}

// cures: stack_pointer_minus_number
SEC("socket")
naked int stack_pointer_plus_index_cured(void)
{
    asm volatile("call %[random]; r0 &= 0xff; r1 = r10; r1 += -256; r1 += r0; r0 = 0; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// cures: stack_pointer_minus_number
SEC("socket")
naked int stack_written_at_index_cured(void)
{
    asm volatile("call %[random]; r0 &= 0xff; r1 = r10; r1 += -256; r1 += r0; r0 = 0; *(u8 *)(r1 + 0) = r0; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// cures: map_pointer_moved, map_moved
SEC("kprobe/vfs_open")
int map_handed_on_unchanged_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *map = (char *)&table;
    asm volatile("" : "+r"(map));
    return bpf_map_lookup_elem(map, &key) != 0;
}

// cures: release_moved
SEC("tc")
int socket_handed_on_unchanged_cured(struct __sk_buff *ctx)
{
    struct bpf_sock_tuple tuple = {};
    char *socket = (char *)bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), -1, 0);

    if (!socket)
        return 0;
    asm volatile("" : "+r"(socket));
    bpf_sk_release((struct bpf_sock *)socket);
    return 0;
}

// cures: record_not_tested
SEC("kprobe/vfs_open")
int record_tested_cured(struct pt_regs *ctx)
{
    char *record = bpf_ringbuf_reserve(&ring, 32, 0);
    if (!record)
        return 0;
    bpf_get_current_comm(record + 16, 16);
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// cures: null_or_pointer_moved
SEC("kprobe/vfs_open")
int value_tested_and_moved_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    if (!value)
        return 0;
    asm volatile("%0 += 4" : "+r"(value));
    return value ? *value : 0;
}

// cures: divided_by_zero
SEC("socket")
naked int divided_by_two_cured(void)
{
    asm volatile("r0 = 8; r0 /= 2; exit;");
}

// cures: shifted_too_far
SEC("socket")
naked int shifted_within_width_cured(void)
{
    asm volatile("r0 = 8; r0 <<= 63; exit;");
}

// cures: memory_unbounded
SEC("kprobe/vfs_open")
int memory_bounded_unsigned_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    __u64 offset = bpf_ktime_get_ns();
    if (!value)
        return 0;
    if (offset >= sizeof(__u64))
        return 0;
    return value[offset];
}
