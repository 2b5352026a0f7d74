// SPDX-License-Identifier: Apache-2.0
// A counter whose value before nobody wants: every kernel can add to it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

u64 hits;
u32 few;

SEC("raw_tp/sys_enter")
int count(void *ctx)
{
    __sync_fetch_and_add(&hits, 1);
    return 0;
}

SEC("raw_tp/sys_enter")
int count_few(void *ctx)
{
    __sync_add_and_fetch(&few, 1);
    return 0;
}

SEC("raw_tp/sys_enter")
int count_down(void *ctx)
{
    __sync_fetch_and_sub(&hits, 1);
    return 0;
}
