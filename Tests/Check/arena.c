// SPDX-License-Identifier: Apache-2.0
// Memory that programs and processes share by pointers.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define __arena __attribute__((address_space(1)))

struct {
    __uint(type, BPF_MAP_TYPE_ARENA);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 16);
} arena SEC(".maps");

void __arena *bpf_arena_alloc_pages(void *map, void __arena *address, __u32 pages, int node, __u64 flags) __ksym __weak;

SEC("syscall")
int arena_page(void *context)
{
    __u64 __arena *page = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);

    if (page)
        *page = 7;
    return 0;
}
