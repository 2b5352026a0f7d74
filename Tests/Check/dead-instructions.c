// SPDX-License-Identifier: Apache-2.0
// Instructions that are looked at although nothing leads to them, and others that are not.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const int LINUX_KERNEL_VERSION __kconfig;
#define NEVER (LINUX_KERNEL_VERSION >= KERNEL_VERSION(99, 0, 0))

SEC("socket")
int dead_opcode(void *context)
{
    if (NEVER)
        asm volatile(".byte 0xff, 0x01, 0, 0, 0, 0, 0, 0;");
    return 0;
}

SEC("socket")
int dead_register(void *context)
{
    if (NEVER)
        asm volatile(".byte 0xbf, 0xb1, 0, 0, 0, 0, 0, 0;" ::: "r1");
    return 0;
}

SEC("socket")
int dead_acquire(void *context)
{
    if (NEVER)
        asm volatile("r1 = r10; r1 += -8; r2 = 0; *(u64 *)(r1 + 0) = r2; .byte 0xdb, 0x12, 0, 0, 0, 1, 0, 0;"
                     ::: "r1", "r2", "memory");
    return 0;
}

SEC("socket")
int indirect_jump(void *context)
{
    asm volatile("r1 = 0; .byte 0x0d, 0x01, 0, 0, 0, 0, 0, 0; r0 = 0;" ::: "r1", "r0");
    return 0;
}

SEC("socket")
int wide_signed_load(void *context)
{
    asm volatile("r1 = r10; r1 += -8; r2 = 0; *(u64 *)(r1 + 0) = r2; .byte 0x99, 0x12, 0, 0, 0, 0, 0, 0;"
                 ::: "r1", "r2", "memory");
    return 0;
}
