// SPDX-License-Identifier: Apache-2.0
// A lock in a section of global variables that others can see.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct bpf_spin_lock lock SEC(".data.shared");
int hits SEC(".data.shared");

SEC("tc")
int locks_mapped(struct __sk_buff *skb)
{
    hits++;
    return 0;
}
