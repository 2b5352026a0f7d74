// SPDX-License-Identifier: Apache-2.0
// A function of a kernel structure that programs may not be.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

// expected: target-refused
SEC("struct_ops/get_info")
size_t BPF_PROG(struct_ops_member, struct sock *socket)
{
    return 0;
}

SEC(".struct_ops")
struct tcp_congestion_ops congestion = {
    .get_info = (void *)struct_ops_member,
    .name = "bpf_member",
};
