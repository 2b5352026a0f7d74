// SPDX-License-Identifier: Apache-2.0
// Instructions that all kernels know, in place of newer ones and of registers that do not exist.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

static __u64 counter;

// cures: atomic_fetch
SEC("kprobe/vfs_open")
int atomic_add_cured(struct pt_regs *ctx)
{
    __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    return 0;
}

signed char small;
__u32 word;
__s64 wide;

// With -mcpu=v4 this is a move that extends the sign, which kernels before 6.6 do not know.
// cures: sign_extension
SEC("socket")
int sign_extended_by_shifts_cured(struct __sk_buff *skb)
{
    signed char byte = bpf_get_prandom_u32();
    barrier_var(byte);
    return (long)byte < -5;
}

// With -mcpu=v4 this is a load that extends the sign, which kernels before 6.6 do not know.
// cures: sign_extension
SEC("socket")
int loaded_and_shifted_cured(struct __sk_buff *skb)
{
    wide = *(volatile signed char *)&small;
    return 0;
}

// With -mcpu=v4 this is an unconditional byte swap, an opcode (d7) that kernels before 6.6 do not know.
// cures: sign_extension
SEC("socket")
int swapped_by_endianness_cured(struct __sk_buff *skb)
{
    return __builtin_bswap32(*(volatile __u32 *)&word) > 5;
}

// cures: no_such_register
SEC("socket")
naked int register_that_exists_cured(void)
{
    asm volatile("r0 = 0; r2 = 0; exit;");
}
