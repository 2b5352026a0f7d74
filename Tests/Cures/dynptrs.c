// SPDX-License-Identifier: Apache-2.0
// Dynamic pointers that are made first and given back once, and are not asked for by kernels that lack them.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define kernel_has_dynptrs() bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ringbuf_reserve_dynptr)

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, char[8]);
} table SEC(".maps");

// cures: dynptr_uninitialised
SEC("tc")
int dynptr_of_record_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    char bytes[8] = {};
    if (!kernel_has_dynptrs())
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
    bpf_dynptr_read(bytes, sizeof(bytes), &pointer, 0, 0);
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    return bytes[0];
}

// cures: dynptr_uninitialised, dynptr_from_stack
SEC("tc")
int dynptr_of_value_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    __u32 key = 0;
    char bytes[8] = {};
    if (!kernel_has_dynptrs())
        return 0;
    char *value = bpf_map_lookup_elem(&table, &key);
    if (!value)
        return 0;
    __builtin_memcpy(value, bytes, sizeof(bytes));
    bpf_dynptr_from_mem(value, sizeof(bytes), 0, &pointer);
    return bpf_dynptr_read(bytes, sizeof(bytes), &pointer, 0, 0);
}

// cures: dynptr_leaked
SEC("tc")
int dynptr_given_back_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    if (!kernel_has_dynptrs())
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
    bpf_ringbuf_submit_dynptr(&pointer, 0);
    return 0;
}

// cures: dynptr_submitted_twice
SEC("tc")
int dynptr_submitted_once_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    if (!kernel_has_dynptrs())
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
    if (bpf_get_prandom_u32() & 1)
        bpf_ringbuf_submit_dynptr(&pointer, 0);
    else
        bpf_ringbuf_discard_dynptr(&pointer, 0);
    return 0;
}

// cures: dynptr_slice_bounds
SEC("tc")
int slice_used_within_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    int result = 0;
    if (!kernel_has_dynptrs())
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &pointer);
    long *slice = bpf_dynptr_data(&pointer, 0, 8);
    if (slice)
        result = slice[0];
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    return result;
}

// cures: dynptr_overwritten
SEC("tc")
int dynptr_given_back_before_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    if (!kernel_has_dynptrs())
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    *(volatile long *)&pointer = 0;
    return 0;
}

// cures: dynptr_overwritten
SEC("tc")
int dynptr_written_by_helper_cured(struct __sk_buff *skb)
{
    struct bpf_dynptr pointer;
    long zero = 0;
    if (!kernel_has_dynptrs())
        return 0;
    bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
    bpf_dynptr_write(&pointer, 0, &zero, sizeof(zero), 0);
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    return 0;
}
