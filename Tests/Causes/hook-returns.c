// SPDX-License-Identifier: Apache-2.0
// What security hooks may return.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, u64);
    __type(value, int);
} verdicts SEC(".maps");

// expected: accepted on 5.10 6.1, return-value on 6.12 7.2
SEC("lsm/file_open")
int BPF_PROG(from_map, struct file *file, int ret)
{
    u64 key = (u64)file->f_inode->i_ino;
    int *verdict = bpf_map_lookup_elem(&verdicts, &key);

    return verdict ? *verdict : 0;
}

// expected: accepted on 5.10 6.1, return-value on 6.12 7.2
SEC("lsm/file_open")
int BPF_PROG(yes, struct file *file)
{
    return 1;
}

// expected: accepted
SEC("lsm/file_open")
int BPF_PROG(denied, struct file *file)
{
    return -13;
}
