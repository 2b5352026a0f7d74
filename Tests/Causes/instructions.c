// SPDX-License-Identifier: Apache-2.0
// Instructions that some kernel, or none, knows.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

static __u64 counter;

// expected: instruction-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("kprobe/vfs_open")
int atomic_fetch(struct pt_regs *ctx)
{
    return __sync_fetch_and_add(&counter, 1);
}

// expected: instruction-unknown on 5.10 6.1, accepted on 6.12 7.2
SEC("socket")
naked int sign_extension(void)
{
    asm volatile("r1 = 5;.8byte 0x00000000000810bf; r0 = 0; exit;"); // refused here
}

// expected: instruction-unknown
SEC("socket")
naked int unknown_opcode(void)
{
    asm volatile("r0 = 0;.8byte 0x00000000000000ff; exit;");
}

// expected: instruction-unknown
SEC("socket")
naked int reserved_field(void)
{
    asm volatile("r0 = 0;.8byte 0x00000001000000bf; exit;"); // refused here on 5.10 6.1 6.12
}

// expected: instruction-unknown
SEC("socket")
naked int no_such_register(void)
{
    asm volatile("r0 = 0;.8byte 0x0000000000000cb7; exit;"); // refused here on 5.10 6.1 6.12
}
