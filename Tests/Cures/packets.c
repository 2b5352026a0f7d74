// SPDX-License-Identifier: Apache-2.0
// Direct access to packets, after their bounds were compared with.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

// cures: packet_unchecked
SEC("xdp")
int packet_checked_cured(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *data_end = (void *)(long)ctx->data_end;
    if (data + 13 > data_end)
        return XDP_PASS;
    return data[12] == 8 ? XDP_DROP : XDP_PASS;
}

// cures: packet_checked_too_little
SEC("xdp")
int packet_checked_enough_cured(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *end = (void *)(long)ctx->data_end;
    if (data + 21 > end)
        return XDP_PASS;
    return data[20] == 8 ? XDP_DROP : XDP_PASS;
}

// cures: packet_pointer_after_adjust
SEC("xdp")
int packet_read_again_cured(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_PASS;
    bpf_xdp_adjust_head(ctx, 4);
    data = (void *)(long)ctx->data;
    end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_PASS;
    return data[0] == 8 ? XDP_DROP : XDP_PASS;
}

// cures: packet_pointer_after_calls
SEC("xdp")
int packet_written_again_cured(struct xdp_md *ctx)
{
    unsigned char *data = (void *)(long)ctx->data;
    unsigned char *end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_PASS;
    __u64 time = bpf_ktime_get_ns();
    if (bpf_xdp_adjust_head(ctx, -8))
        return XDP_DROP;
    data = (void *)(long)ctx->data;
    end = (void *)(long)ctx->data_end;
    if (data + 14 > end)
        return XDP_DROP;
    data[12] = time;
    return XDP_TX;
}

// cures: packet_variable_header
SEC("xdp")
int packet_header_bounded_cured(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    if ((void *)(ip + 1) > end)
        return XDP_PASS;
    __u32 offset = ip->ihl * 4;
    if (offset > 60)
        return XDP_PASS;
    struct tcphdr *tcp = (void *)ip + offset;
    if ((void *)(tcp + 1) > end)
        return XDP_PASS;
    return tcp->dest == 80 ? XDP_DROP : XDP_PASS;
}

// Without barrier_var() the compiler compares 32 bits only, and kernels before 7.2 then know nothing of the upper 32.
// cures: packet_length_unbounded
SEC("xdp")
int packet_length_bounded_cured(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *end = (void *)(long)ctx->data_end;
    struct udphdr *udp = data + 34;
    if ((void *)(udp + 1) > end)
        return XDP_PASS;
    __u64 length = bpf_ntohs(udp->len);
    barrier_var(length);
    if (length > 1500)
        return XDP_PASS;
    char *payload = (char *)(udp + 1);
    if (payload + length > (char *)end)
        return XDP_PASS;
    return payload[length - 1] == 'x' ? XDP_DROP : XDP_PASS;
}

// cures: packet_before_beginning
SEC("tc")
int packet_from_beginning_cured(struct __sk_buff *skb)
{
    char *data = (void *)(long)skb->data;
    char *end = (void *)(long)skb->data_end;
    if (data + 4 > end)
        return 0;
    return *data;
}
