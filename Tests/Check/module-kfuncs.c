// SPDX-License-Identifier: Apache-2.0
// kfuncs of connection tracking, asked for and not.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct bpf_ct_opts___used {
    s32 netns_id, error;
    u8 l4proto, dir, reserved[2];
} __attribute__((preserve_access_index));

struct nf_conn;

extern struct nf_conn *bpf_skb_ct_lookup(
    struct __sk_buff *skb, struct bpf_sock_tuple *tuple, u32 size, struct bpf_ct_opts___used *options, u32 length
) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *connection) __ksym __weak;

SEC("tc")
int module_kfunc_asked_for(struct __sk_buff *skb)
{
    struct bpf_ct_opts___used options = {.netns_id = -1, .l4proto = 6};
    struct bpf_sock_tuple tuple = {};
    struct nf_conn *connection;

    if (!bpf_ksym_exists(bpf_skb_ct_lookup))
        return 0;
    connection = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &options, sizeof(options));
    if (connection)
        bpf_ct_release(connection);
    return 0;
}

SEC("tc")
int module_kfunc(struct __sk_buff *skb)
{
    struct bpf_ct_opts___used options = {.netns_id = -1, .l4proto = 6};
    struct bpf_sock_tuple tuple = {};
    struct nf_conn *connection = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &options, sizeof(options));

    if (connection)
        bpf_ct_release(connection);
    return 0;
}
