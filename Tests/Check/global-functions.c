// SPDX-License-Identifier: Apache-2.0
// A global function that nothing leads to: kernels before 6.8 look at it all the same.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

const volatile int is_wanted = 0;

__noinline int unwanted(int number)
{
    return bpf_ktime_get_tai_ns() + number;
}

SEC("kprobe")
int global_function(void *context)
{
    return is_wanted ? unwanted(1) : 0;
}
