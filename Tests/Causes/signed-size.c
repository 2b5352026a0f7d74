// SPDX-License-Identifier: Apache-2.0
// Sizes that are bounded as numbers with a sign.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, char[64]);
} scratch SEC(".maps");

// expected: accepted
SEC("uprobe")
int BPF_KPROBE(entered, const void *text, long length)
{
    u32 key = 0;
    char *buffer = bpf_map_lookup_elem(&scratch, &key);
    long size;

    if (!buffer || !text || length <= 0)
        return 0;
    size = length;
    asm volatile("if %0 s< 63 goto +1; %0 = 63" : "+r"(size));
    bpf_probe_read_user(buffer, size, text);
    return 0;
}

// expected: helper-argument-size
SEC("uprobe")
int BPF_KPROBE(entered_int, const void *text, int length)
{
    u32 key = 0;
    char *buffer = bpf_map_lookup_elem(&scratch, &key);

    if (!buffer || length > 63)
        return 0;
    bpf_probe_read_user(buffer, length, text);
    return 0;
}
