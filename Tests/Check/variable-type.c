// SPDX-License-Identifier: Apache-2.0
// A variable of the kernel that is declared with another type.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const int runqueues __ksym;

SEC("kprobe")
int variable_type(void *context)
{
    return *(int *)bpf_per_cpu_ptr(&runqueues, 0);
}
