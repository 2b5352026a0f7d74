// SPDX-License-Identifier: Apache-2.0
// What may be done with numbers and pointers.

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

// expected: pointer-arithmetic
SEC("socket")
naked int pointer_multiplied(void)
{
    asm volatile("r1 *= 2; r0 = 0; exit;"); // refused here
}

// expected: pointer-arithmetic
SEC("socket")
naked int pointer_added_to_pointer(void)
{
    asm volatile("r1 += r10; r0 = 0; exit;"); // refused here
}

// expected: pointer-arithmetic
SEC("socket")
naked int pointer_in_32_bits(void)
{
    asm volatile("w1 += 4; r0 = 0; exit;"); // refused here
}

// expected: pointer-arithmetic
SEC("socket")
naked int pointer_subtracted_from_number(void)
{
    asm volatile("r0 = 8; r0 -= r1; exit;"); // refused here
}

// expected: null-dereference
SEC("kprobe/vfs_open")
int record_not_tested(struct pt_regs *ctx)
{
    char *record = bpf_ringbuf_reserve(&ring, 32, 0);
    bpf_get_current_comm(record + 16, 16); // refused here
    bpf_ringbuf_submit(record, 0);
    return 0;
}

// expected: null-dereference
SEC("kprobe/vfs_open")
int null_or_pointer_moved(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    asm volatile("%0 += 4" : "+r"(value)); // refused here
    return value ? *value : 0;
}

// expected: pointer-arithmetic
SEC("kprobe/vfs_open")
int map_pointer_moved(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *map = (char *)&table;
    asm volatile("%0 += 8" : "+r"(map)); // refused here
    return bpf_map_lookup_elem(map, &key) != 0;
}

// expected: pointer-arithmetic
SEC("socket")
naked int pointer_far_away(void)
{
    asm volatile("r1 = r10; r1 += 0x7ffffff0; r0 = 0; *(u8 *)(r1 + 0) = r0; exit;"); // refused here
}

// expected: pointer-arithmetic
SEC("socket")
naked int stack_pointer_minus_number(void)
{
    asm volatile("call %[random]; r0 &= 0xff; r1 = r10; r1 -= r0; r0 = 0; exit;" // refused here
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// expected: constant-out-of-range
SEC("socket")
naked int divided_by_zero(void)
{
    asm volatile("r0 = 8; r0 /= 0; exit;"); // refused here
}

// expected: constant-out-of-range
SEC("socket")
naked int shifted_too_far(void)
{
    asm volatile("r0 = 8; r0 <<= 64; exit;"); // refused here
}

// expected: unbounded-offset
SEC("kprobe/vfs_open")
int memory_unbounded(struct pt_regs *ctx)
{
    __u32 key = 1;
    char *value = bpf_map_lookup_elem(&table, &key);
    __s64 offset = (__s64)bpf_ktime_get_ns();
    if (!value)
        return 0;
    if (offset > 4)
        return 0;
    return value[offset]; // refused here
}
