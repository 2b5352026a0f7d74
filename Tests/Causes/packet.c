// SPDX-License-Identifier: Apache-2.0
// Direct access to packets.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

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

// expected: stale-packet-pointer
SEC("xdp")
int packet_pointer_after_calls(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_PASS;
    __u64 time = bpf_ktime_get_ns();
    if (bpf_xdp_adjust_head(ctx, -8))
        return XDP_DROP;
    data[12] = time; // refused here
    return XDP_TX;
}

// expected: packet-bounds
SEC("xdp")
int packet_variable_header(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    if ((void *)(ip + 1) > end)
        return XDP_PASS;
    struct tcphdr *tcp = (void *)ip + ip->ihl * 4;
    return tcp->dest == 80 ? XDP_DROP : XDP_PASS; // refused here
}

// expected: unbounded-offset on 5.10 6.1 6.12, packet-bounds on 7.2
SEC("xdp")
int packet_length_unbounded(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *end = (void *)(long)ctx->data_end;
    struct udphdr *udp = data + 34;
    if ((void *)(udp + 1) > end)
        return XDP_PASS;
    __u64 length = bpf_ntohs(udp->len);
    char *payload = (char *)(udp + 1);
    if (payload + length > (char *)end)
        return XDP_PASS;
    return payload[length - 1] == 'x' ? XDP_DROP : XDP_PASS; // refused here on 7.2
}

// expected: packet-bounds
SEC("tc")
int packet_before_beginning(struct __sk_buff *skb)
{
    char *data = (void *)(long)skb->data;
    char *end = (void *)(long)skb->data_end;
    if (data + 4 > end)
        return 0;
    return *(data - 1); // refused here
}

// expected: atomic-not-allowed
SEC("tc")
int packet_added_to_at_once(struct __sk_buff *skb)
{
    char *data = (void *)(long)skb->data;
    char *end = (void *)(long)skb->data_end;
    __u64 one = 1;
    if (data + 8 > end)
        return 0;
    asm volatile("lock *(u64 *)(%0 + 0) += %1" :: "r"(data), "r"(one) : "memory"); // refused here
    return 0;
}
