// SPDX-License-Identifier: Apache-2.0
// A table of tail calls that programs of two kinds use.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} table SEC(".maps");

// expected: accepted
SEC("cgroup/sendmsg4")
int tail_calls_on_send(struct bpf_sock_addr *ctx)
{
    bpf_tail_call(ctx, &table, 0);
    return 1;
}

// expected: accepted on 5.10, tail-call-table on 6.1 6.12 7.2
SEC("cgroup/recvmsg4")
int tail_calls_on_receive(struct bpf_sock_addr *ctx)
{
    bpf_tail_call(ctx, &table, 1); // refused here
    return 1;
}
