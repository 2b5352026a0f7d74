// SPDX-License-Identifier: Apache-2.0
// The stack within its 512 bytes, and registers that have a value wherever they are used.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64[65]);
} buffers SEC(".maps");

// cures: stack_bounds
SEC("socket")
int buffer_in_map_cured(struct __sk_buff *skb)
{
    __u32 key = 0;
    __u64 *buffer = bpf_map_lookup_elem(&buffers, &key);
    if (!buffer)
        return 0;
    *(volatile __u64 *)buffer = 0;
    return 0;
}

// cures: stack_bounds
SEC("socket")
naked int buffer_on_stack_cured(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 - 512) = r0; exit;");
}

// cures: stack_above
SEC("socket")
naked int below_frame_pointer_cured(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 - 8) = r0; exit;");
}

// cures: stack_variable_offset
SEC("socket")
naked int offset_checked_cured(void)
{
    asm volatile("call %[random]; r0 &= 0xfff; if r0 >= 512 goto leave;"
                 "r1 = r10; r1 += -512; r1 += r0; r0 = 0; *(u8 *)(r1 + 0) = r0; leave: r0 = 0; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// cures: stack_misaligned
SEC("socket")
naked int stack_aligned_cured(void)
{
    asm volatile("r0 = 0; *(u64 *)(r10 - 16) = r0; exit;");
}

// The address is that of a char: behind a pointer to __u64 the compiler takes it for aligned, and reads 8 bytes at once.
// cures: stack_misaligned
SEC("socket")
int bytes_copied_cured(struct __sk_buff *skb)
{
    char bytes[24] __attribute__((aligned(8))) = {};
    __u64 number;
    bpf_skb_load_bytes(skb, 0, bytes, sizeof(bytes));
    __builtin_memcpy(&number, bytes + 4, sizeof(number));
    return number == 7;
}

// cures: register_uninitialised
SEC("socket")
naked int register_set_cured(void)
{
    asm volatile("r6 = 0; r0 = r6; exit;");
}

// cures: register_after_call
SEC("kprobe/vfs_open")
naked int register_set_after_call_cured(void)
{
    asm volatile("r1 = 1; call %[random]; r1 = 1; r0 = r1; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// cures: no_return_value
SEC("socket")
naked int value_returned_cured(void)
{
    asm volatile("r0 = 0; exit;");
}
