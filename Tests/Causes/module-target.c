// SPDX-License-Identifier: Apache-2.0
// A function that is in a module: found in the module's types, which kernels have since 5.11.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

// expected: module-not-loaded on 5.10, accepted on 6.1 6.12 7.2
SEC("fentry/nf_conntrack_in")
int BPF_PROG(target_in_module)
{
    return 0;
}
