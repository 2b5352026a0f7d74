// SPDX-License-Identifier: Apache-2.0
// Loops that are counted, functions that do not go deep, and paths that end.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u64);
} table SEC(".maps");

__u64 total;

// cures: infinite_loop
SEC("socket")
naked int rounds_counted_cured(void)
{
    asm volatile("r0 = 0; r1 = 0; again: r1 += 1; if r1 >= 64 goto out; if r0 == 0 goto again; out: exit;");
}

// cures: loop_without_progress
SEC("kprobe/vfs_open")
int loop_counted_cured(struct pt_regs *ctx)
{
    volatile int wanted = 1;
    for (int i = 0; i < 64; i++)
        if (!wanted)
            break;
    return 0;
}

static long still_wanted(__u32 index, void *context)
{
    return !*(volatile int *)context;
}

// cures: infinite_loop, loop_without_progress
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int loop_called_back_cured(struct pt_regs *ctx)
{
    int wanted = 1;
    bpf_loop(64, still_wanted, &wanted, 0);
    return 0;
}

// cures: missing_exit
SEC("socket")
naked int path_ended_cured(void)
{
    asm volatile("r0 = 0; r0 += 1; exit;");
}

static __always_inline int f8(int a) { return bpf_get_prandom_u32() + a; }
static __always_inline int f7(int a) { return f8(a) + 7; }
static __attribute__((noinline)) int f6(int a) { return f7(a) + 6; }
static __attribute__((noinline)) int f5(int a) { return f6(a) + 5; }
static __attribute__((noinline)) int f4(int a) { return f5(a) + 4; }
static __attribute__((noinline)) int f3(int a) { return f4(a) + 3; }
static __attribute__((noinline)) int f2(int a) { return f3(a) + 2; }
static __attribute__((noinline)) int f1(int a) { return f2(a) + 1; }

// cures: call_depth
SEC("kprobe/vfs_open")
int some_calls_inlined_cured(struct pt_regs *ctx)
{
    return f1(bpf_get_prandom_u32());
}

// cures: recursion
SEC("kprobe/vfs_open")
int recursion_as_loop_cured(struct pt_regs *ctx)
{
    int depth = 1;
    for (int i = 0; i < 64; i++) {
        if (bpf_get_prandom_u32() & 1)
            break;
        depth++;
    }
    return depth + depth - 1;
}

static long step(__u32 index, void *context) { return 0; }

// cures: loop_with_callback
SEC("kprobe/vfs_open")
int loop_written_out_cured(struct pt_regs *ctx)
{
    for (int i = 0; i < 10; i++)
        if (step(i, 0))
            break;
    return 0;
}

static __noinline int called_both_ways(__u32 index, void *context)
{
    return index > 3;
}

// cures: address_of_function
SEC("kprobe/vfs_open")
int called_directly_cured(struct pt_regs *ctx)
{
    int result = called_both_ways(bpf_get_smp_processor_id(), 0);

    for (int i = 0; i < 3; i++)
        if (called_both_ways(i, 0))
            break;
    return result;
}

// cures: callback_return_value
SEC("kprobe/vfs_open")
int elements_in_loop_cured(struct pt_regs *ctx)
{
    for (int i = 0; i < 64; i++) {
        __u32 key = i;
        __u64 *value = bpf_map_lookup_elem(&table, &key);
        if (!value)
            break;
        total += *value;
    }
    return 0;
}
