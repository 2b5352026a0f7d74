// SPDX-License-Identifier: Apache-2.0
// Dynamic pointers: since 5.19.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

// expected: helper-unknown on 5.10, dynptr-misuse on 6.1 6.12 7.2
SEC("tc")
int dynptr_uninitialised(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    char bytes[8];
    return bpf_dynptr_read(bytes, sizeof(bytes), &pointer, 0, 0); // refused here
}

// expected: helper-unknown on 5.10, reference-leak on 6.1 6.12 7.2
SEC("tc")
int dynptr_leaked(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer); // refused here on 5.10
    return 0; // refused here on 6.1 6.12 7.2
}

// expected: helper-unknown on 5.10, dynptr-misuse on 6.1 6.12 7.2
SEC("tc")
int dynptr_submitted_twice(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer); // refused here on 5.10
    bpf_ringbuf_submit_dynptr(&pointer, 0);
    bpf_ringbuf_submit_dynptr(&pointer, 0); // refused here on 6.1 6.12 7.2
    return 0;
}

// expected: helper-unknown on 5.10, memory-bounds on 6.1 6.12 7.2
SEC("tc")
int dynptr_slice_bounds(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    int result = 0;
    bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &pointer); // refused here on 5.10
    long *slice = bpf_dynptr_data(&pointer, 0, 8);
    if (slice)
        result = slice[1]; // refused here on 6.1 6.12 7.2
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    return result;
}

// expected: helper-unknown on 5.10, dynptr-misuse on 6.1 6.12 7.2
SEC("tc")
int dynptr_overwritten(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer); // refused here on 5.10
    *(volatile long *)&pointer = 0; // refused here on 6.12 7.2
    bpf_ringbuf_discard_dynptr(&pointer, 0); // refused here on 6.1
    return 0;
}

// expected: helper-unknown on 5.10, helper-argument-type on 6.1 6.12 7.2
SEC("tc")
int dynptr_from_stack(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    char bytes[8] = {};
    return bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &pointer); // refused here
}
