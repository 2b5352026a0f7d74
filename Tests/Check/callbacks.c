// SPDX-License-Identifier: Apache-2.0
// A function is called back, in a loop.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

__u64 sum;

static long add(__u32 index, void *context)
{
    sum += index;
    return 0;
}

SEC("tc")
int callback(struct __sk_buff *skb)
{
    bpf_loop(skb->len & 63, add, 0, 0);
    return 0;
}
