// SPDX-License-Identifier: Apache-2.0
// More than a million instructions.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

// expected: program-too-large
SEC("socket")
__attribute__((naked)) int program_size(void)
{
    asm volatile("r0 = 0; .rept 1000000; r0 += 1; .endr; exit;");
}
