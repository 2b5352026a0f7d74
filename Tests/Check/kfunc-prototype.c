// SPDX-License-Identifier: Apache-2.0
// A function of the kernel that is declared otherwise than the kernel has it.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_rcu_read_lock(int x) __ksym;

SEC("kprobe")
int kfunc_prototype(void *context)
{
    return bpf_rcu_read_lock(1);
}
