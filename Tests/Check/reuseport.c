// SPDX-License-Identifier: Apache-2.0
// Programs of which old kernels do not look at the attach type.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("sk_reuseport")
int reuseport(struct sk_reuseport_md *context)
{
    return SK_PASS;
}

SEC("sk_reuseport/migrate")
int reuseport_migrate(struct sk_reuseport_md *context)
{
    return SK_PASS;
}
