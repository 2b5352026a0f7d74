// SPDX-License-Identifier: Apache-2.0
// Calls of helpers.

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

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u32);
} programs SEC(".maps");

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int helper_newer_than_kernel(struct pt_regs *ctx)
{
    return bpf_get_func_ip(ctx) != 0; // refused here
}

// expected: helper-unknown
SEC("socket")
naked int helper_of_no_kernel(void)
{
    asm volatile("call 123456; exit;"); // refused here
}

// expected: helper-not-for-program-type
SEC("xdp")
int helper_not_for_xdp(struct xdp_md *ctx)
{
    char byte = 0;
    bpf_skb_store_bytes((void *)ctx, 0, &byte, 1, 0); // refused here
    return XDP_PASS;
}

// expected: helper-not-for-program-type
SEC("kprobe/vfs_open")
int helper_not_for_kprobe(struct pt_regs *ctx)
{
    return bpf_skb_load_bytes((void *)ctx, 0, ctx, 4); // refused here
}

// expected: helper-argument-type
SEC("kprobe/vfs_open")
int argument_scalar(struct pt_regs *ctx)
{
    return bpf_map_lookup_elem(&table, (void *)8) != 0; // refused here
}

// expected: helper-argument-type
SEC("kprobe/vfs_open")
int argument_no_map(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&key, &key) != 0; // refused here
}

// expected: helper-argument-size
SEC("kprobe/vfs_open")
int size_of_either_sign(struct pt_regs *ctx)
{
    char name[16];
    __s64 size = (__s64)bpf_ktime_get_ns();
    barrier_var(size);
    if (size > 16 || size < -16)
        return 0;
    barrier_var(size);
    bpf_probe_read_kernel(name, size, (void *)ctx); // refused here
    return 0;
}

// expected: helper-argument-size
SEC("kprobe/vfs_open")
int size_unbounded(struct pt_regs *ctx)
{
    char name[16];
    bpf_probe_read_kernel(name, bpf_get_prandom_u32(), (void *)ctx); // refused here
    return 0;
}

// expected: helper-argument-size
SEC("kprobe/vfs_open")
int size_zero(struct pt_regs *ctx)
{
    char name[16];
    __u32 size = 0;
    barrier_var(size);
    bpf_get_current_comm(name, size); // refused here
    return 0;
}

// expected: helper-argument-constant
SEC("kprobe/vfs_open")
int argument_not_constant(struct pt_regs *ctx)
{
    __u32 size = bpf_get_prandom_u32() & 63;
    void *record = bpf_ringbuf_reserve(&ring, size, 0); // refused here
    if (record)
        bpf_ringbuf_discard(record, 0);
    return 0;
}

// expected: helper-not-for-map-type
SEC("kprobe/vfs_open")
int helper_not_for_map_type(struct pt_regs *ctx)
{
    void *record = bpf_ringbuf_reserve(&table, 8, 0); // refused here
    if (record)
        bpf_ringbuf_discard(record, 0);
    return 0;
}

// expected: tail-call
SEC("tc")
int tail_call_with_reference(struct __sk_buff *skb)
{
    void *record = bpf_ringbuf_reserve(&ring, 8, 0);
    if (!record)
        return 0;
    bpf_tail_call(skb, &programs, 0); // refused here
    bpf_ringbuf_discard(record, 0);
    return 0;
}

static long step(__u32 index, void *context) { return 0; }

// expected: callbacks-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int loop_with_callback(struct pt_regs *ctx)
{
    bpf_loop(10, step, 0, 0);
    return 0;
}

// expected: might-sleep
SEC("kprobe/vfs_open")
int helper_that_sleeps(struct pt_regs *ctx)
{
    char name[16];
    bpf_copy_from_user(name, sizeof(name), (void *)8); // refused here
    return 0;
}

// expected: might-sleep
SEC("lsm/file_open")
int BPF_PROG(helper_that_sleeps_in_lsm, struct file *file)
{
    char name[16];
    bpf_copy_from_user(name, sizeof(name), (void *)8); // refused here
    return 0;
}

struct opaque;

__attribute__((noinline)) int takes_pointer(struct opaque *opaque)
{
    return opaque != 0;
}

__attribute__((noinline)) int takes_number(struct __sk_buff *skb, int number)
{
    barrier_var(skb);
    barrier_var(number);
    return skb->len + number;
}

// expected: global-function-argument
SEC("tc")
int global_function_pointer(struct __sk_buff *skb)
{
    return takes_pointer((void *)(long)skb->len); // refused here on 6.12 7.2
}

// expected: global-function-argument
SEC("tc")
int global_function_context(struct __sk_buff *skb)
{
    __u64 fake = 1;
    return takes_number((void *)&fake, 2); // refused here
}

// expected: helper-argument-size
SEC("kprobe/vfs_open")
naked int size_may_be_negative(void)
{
    asm volatile("call %[time]; r2 = r0; if r2 s> 16 goto leave; if r2 s< -16 goto leave; r1 = r10; r1 += -16; r3 = 8; call %[read]; leave: r0 = 0; exit;" // refused here
                 :: [time] "i"(BPF_FUNC_ktime_get_ns), [read] "i"(BPF_FUNC_probe_read_kernel));
}

// expected: helper-not-for-program-type
SEC("fentry/vfs_open")
int BPF_PROG(helper_not_for_function, struct path *path)
{
    char name[8];
    return bpf_d_path(path, name, sizeof(name)); // refused here
}

// expected: helper-not-for-map-type
SEC("tc")
int tail_call_by_no_prog_array(struct __sk_buff *skb)
{
    bpf_tail_call(skb, &table, 0); // refused here
    return 0;
}

struct settings {
    __u32 first;
    __u32 second;
};

__attribute__((noinline)) int takes_structure(struct settings *settings)
{
    return settings ? settings->first : 0;
}

// expected: global-function-argument on 5.10, accepted on 6.1 6.12 7.2
SEC("tc")
int global_function_structure(struct __sk_buff *skb)
{
    struct settings settings = { skb->len, 1 };
    return takes_structure(&settings);
}

// expected: helper-argument-size
SEC("kprobe/vfs_open")
int size_as_returned(struct pt_regs *ctx)
{
    char text[16];
    int size = bpf_probe_read_kernel_str(text, sizeof(text), (void *)ctx);
    return bpf_ringbuf_output(&ring, text, size, 0); // refused here
}

// expected: accepted
SEC("kprobe/vfs_open")
int size_as_returned_tested(struct pt_regs *ctx)
{
    char text[16] = {};
    long size = bpf_probe_read_kernel_str(text, sizeof(text), (void *)ctx);
    if (size < 0)
        return 0;
    return bpf_ringbuf_output(&ring, text, size, 0);
}
