// SPDX-License-Identifier: Apache-2.0
// The oldest of the helpers that read memory, where programs do not have it.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

u64 word;

// expected: helper-not-for-program-type
SEC("sockops")
int established(struct bpf_sock_ops *ops)
{
    u64 buffer = 0;

    bpf_probe_read(&buffer, sizeof(buffer), (void *)0xffff888000000000);
    word = buffer;
    return 1;
}

// expected: accepted
SEC("sockops")
int established_kernel(struct bpf_sock_ops *ops)
{
    u64 buffer = 0;

    bpf_probe_read_kernel(&buffer, sizeof(buffer), (void *)0xffff888000000000);
    word = buffer;
    return 1;
}
