// SPDX-License-Identifier: Apache-2.0
// Direct access to packets.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

// expected: packet-bounds
SEC("xdp")
int packet_unchecked(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    return data[12] == 8 ? XDP_DROP : XDP_PASS; // refused here
}

// expected: packet-bounds
SEC("xdp")
int packet_checked_too_little(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_PASS;
    return data[20] == 8 ? XDP_DROP : XDP_PASS; // refused here
}

// expected: stale-packet-pointer
SEC("xdp")
int packet_pointer_after_adjust(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_PASS;
    bpf_xdp_adjust_head(ctx, 4);
    return data[0] == 8 ? XDP_DROP : XDP_PASS; // refused here
}

// expected: packet-bounds
SEC("tc")
int packet_unbounded_offset(struct __sk_buff *skb)
{
    unsigned char *data = (void *)(long)skb->data;
    unsigned char *end = (void *)(long)skb->data_end;
    __u64 offset = bpf_get_prandom_u32() & 0xffff;
    if (data + 14 > end)
        return 0;
    return data[offset]; // refused here
}

// expected: context-access
SEC("socket")
int packet_of_socket_filter(struct __sk_buff *skb)
{
    return *(__u32 *)(long)skb->data; // refused here
}
