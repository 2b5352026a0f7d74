// SPDX-License-Identifier: Apache-2.0
// A program without an attach type, which is taken for one of the first.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("cgroup/skb")
int cgroup_packets(struct __sk_buff *skb)
{
    return bpf_get_prandom_u32() & 1;
}
