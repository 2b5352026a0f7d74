// SPDX-License-Identifier: Apache-2.0
// A table of functions, cured: the member that may not be a program is left unset, and its program is gone with it.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

// cures: struct_ops_member
SEC("struct_ops/ssthresh")
int BPF_PROG(struct_ops_other_member_cured, struct sock *socket)
{
    return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops congestion = {
    .ssthresh = (void *)struct_ops_other_member_cured,
    .name = "bpf_member",
};
