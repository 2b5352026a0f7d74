// SPDX-License-Identifier: Apache-2.0
// The stack: 512 bytes, and nothing that was not written may be used.

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

static __attribute__((noinline)) int sums(struct __sk_buff *skb, int offset)
{
    char bytes[400] = {};
    bpf_skb_load_bytes(skb, offset, bytes, sizeof(bytes));
    return bytes[7] + bytes[300];
}

// expected: stack-too-large
SEC("tc")
int stack_too_large(struct __sk_buff *skb)
{
    char bytes[400] = {};
    bpf_skb_load_bytes(skb, 0, bytes, sizeof(bytes));
    return sums(skb, bytes[7]) + bytes[300];
}

// expected: stack-bounds
SEC("socket")
naked int stack_bounds(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 - 520) = r0; exit;"); // refused here
}

// expected: stack-bounds
SEC("socket")
naked int stack_above(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 + 8) = r0; exit;"); // refused here
}

// expected: stack-uninitialised on 5.10, accepted on 6.1 6.12 7.2
SEC("socket")
naked int stack_read(void)
{
    asm volatile("r0 = *(u64 *)(r10 - 8); exit;"); // refused here
}

// expected: stack-uninitialised on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int key_uninitialised(struct pt_regs *ctx)
{
    __u64 key;
    bpf_map_lookup_elem(&table, &key); // refused here
    return 0;
}

// expected: stack-bounds
SEC("socket")
naked int stack_variable_offset(void)
{
    asm volatile("call %[random]; r0 &= 0xfff; r1 = r10; r1 += -512; r1 += r0; r0 = 0; *(u8 *)(r1 + 0) = r0; exit;" // refused here
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// expected: stack-bounds
SEC("kprobe/vfs_open")
int helper_beyond_stack(struct pt_regs *ctx)
{
    char name[8] = {};
    bpf_get_current_comm(name, 64); // refused here
    return name[0];
}

// expected: misaligned-access
SEC("socket")
naked int stack_misaligned(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 - 12) = r0; exit;"); // refused here
}

// expected: frame-pointer-write
SEC("socket")
naked int frame_pointer_write(void)
{
    asm volatile("r10 = 0; r0 = 0; exit;"); // refused here
}

// expected: register-uninitialised
SEC("socket")
naked int register_uninitialised(void)
{
    asm volatile("r0 = r6; exit;"); // refused here
}

// expected: register-uninitialised
SEC("socket")
naked int no_return_value(void)
{
    asm volatile("exit;"); // refused here
}

// expected: register-uninitialised
SEC("kprobe/vfs_open")
naked int register_after_call(void)
{
    asm volatile("r1 = 1; call %[random]; r0 = r1; exit;" // refused here
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}
