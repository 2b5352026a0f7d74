// SPDX-License-Identifier: Apache-2.0
// A ring whose size libbpf rounds up.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 5000);
} table SEC(".maps");

SEC("socket")
int map_ring_uneven(void *context)
{
    return (long)&table != 0;
}
