// SPDX-License-Identifier: Apache-2.0
// Helpers and functions that are handed what they take.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

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

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u32);
} programs SEC(".maps");

// cures: argument_scalar
SEC("kprobe/vfs_open")
int key_on_stack_cured(struct pt_regs *ctx)
{
    __u32 key = 8;
    return bpf_map_lookup_elem(&table, &key) != 0;
}

// cures: argument_scalar
SEC("kprobe/vfs_open")
int key_in_value_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&table, &key);
    if (!value)
        return 0;
    return bpf_map_lookup_elem(&table, value) != 0;
}

// cures: argument_no_map
SEC("kprobe/vfs_open")
int address_of_map_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&table, &key) != 0;
}

// cures: helper_not_for_map_type
SEC("kprobe/vfs_open")
int ring_for_record_cured(struct pt_regs *ctx)
{
    void *record = bpf_ringbuf_reserve(&ring, 8, 0);
    if (record)
        bpf_ringbuf_discard(record, 0);
    return 0;
}

// cures: tail_call_by_no_prog_array
SEC("tc")
int tail_call_by_prog_array_cured(struct __sk_buff *skb)
{
    bpf_tail_call(skb, &programs, 0);
    return 0;
}

struct frame {
    u64 ip, sp;
    u32 depth;
};

u64 last;

static __noinline int step(struct frame *frame, u32 rule)
{
    if (!frame)
        return 1;
    frame->sp += rule;
    frame->depth++;
    return 0;
}

// cures: switched
SEC("tp/sched/sched_switch")
int static_step_cured(void *ctx)
{
    struct frame frame = {};

    frame.sp = bpf_ktime_get_ns();
    frame.depth = bpf_get_prandom_u32();
    step(&frame, 8);
    last = frame.sp + frame.depth;
    return 0;
}

__noinline int step_of_numbers(u64 sp, u32 rule)
{
    barrier_var(sp);
    return sp + rule;
}

// cures: switched
SEC("tp/sched/sched_switch")
int step_of_numbers_cured(void *ctx)
{
    last = step_of_numbers(bpf_ktime_get_ns(), 8);
    return 0;
}

__attribute__((noinline)) int takes_address(__u64 address)
{
    barrier_var(address);
    return address != 0;
}

// cures: global_function_pointer
SEC("tc")
int function_of_number_cured(struct __sk_buff *skb)
{
    return takes_address(skb->len);
}

struct opaque;

static __attribute__((noinline)) int takes_pointer(struct opaque *opaque)
{
    barrier_var(opaque);
    return opaque != 0;
}

// cures: global_function_pointer
SEC("tc")
int static_function_with_pointer_cured(struct __sk_buff *skb)
{
    return takes_pointer((void *)(long)skb->len);
}

struct settings {
    __u32 first;
    __u32 second;
};

static __attribute__((noinline)) int takes_structure(struct settings *settings)
{
    barrier_var(settings);
    return settings ? settings->first : 0;
}

// cures: global_function_structure
SEC("tc")
int static_function_with_structure_cured(struct __sk_buff *skb)
{
    struct settings settings = { skb->len, 1 };
    return takes_structure(&settings);
}

__attribute__((noinline)) int takes_context(struct __sk_buff *skb)
{
    barrier_var(skb);
    return skb->len;
}

// cures: global_function_structure, global_function_pointer
SEC("tc")
int function_of_context_cured(struct __sk_buff *skb)
{
    return takes_context(skb);
}

__attribute__((noinline)) int takes_complete(struct settings *settings)
{
    return settings ? settings->first : 0;
}

// cures: global_function_pointer
// accepted on 6.1 6.12 7.2 7.3
SEC("tc")
int function_of_complete_structure_cured(struct __sk_buff *skb)
{
    struct settings settings = { skb->len, 1 };
    return takes_complete(&settings);
}

__attribute__((noinline)) int takes_number(struct __sk_buff *skb, int number)
{
    barrier_var(skb);
    barrier_var(number);
    return skb->len + number;
}

// cures: global_function_context
SEC("tc")
int context_handed_over_cured(struct __sk_buff *skb)
{
    return takes_number(skb, 2);
}

static __attribute__((noinline)) int takes_number_in_static(struct __sk_buff *skb, int number)
{
    barrier_var(skb);
    barrier_var(number);
    return skb->len + number;
}

// cures: global_function_context
SEC("tc")
int static_function_with_fake_cured(struct __sk_buff *skb)
{
    __u64 fake = 1;
    return takes_number_in_static((void *)&fake, 2);
}
