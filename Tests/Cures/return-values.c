// SPDX-License-Identifier: Apache-2.0
// What programs return, cured: only what their type, or their hook, may return, on every path.

#define BPF_NO_KFUNC_PROTOTYPES
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

// cures: return_value
SEC("cgroup_skb/ingress")
int returns_one_cured(struct __sk_buff *skb)
{
    return 1;
}

// cures: return_value_unknown
SEC("cgroup/connect4")
int returns_zero_or_one_cured(struct bpf_sock_addr *ctx)
{
    return bpf_get_prandom_u32() & 1;
}

// cures: return_value_unknown
SEC("cgroup/connect4")
int returns_zero_or_one_by_test_cured(struct bpf_sock_addr *ctx)
{
    __u32 value = bpf_get_prandom_u32();
    if (value > 1)
        return 1;
    return value;
}

// cures: return_value_tracing
SEC("fentry/vfs_open")
int BPF_PROG(returns_zero_cured, const struct path *path)
{
    return 0;
}

// cures: from_map
SEC("lsm/file_open")
int BPF_PROG(from_map_within_errno_cured, struct file *file, int ret)
{
    u64 key = (u64)file->f_inode->i_ino;
    int *verdict = bpf_map_lookup_elem(&verdicts, &key);
    int value = verdict ? *verdict : 0;

    if (value > 0 || value < -4095)
        return 0;
    return value;
}

// cures: from_map
SEC("lsm/file_open")
int BPF_PROG(from_map_as_one_errno_cured, struct file *file, int ret)
{
    u64 key = (u64)file->f_inode->i_ino;
    int *verdict = bpf_map_lookup_elem(&verdicts, &key);

    return verdict && *verdict ? -13 : 0;
}

// cures: yes
SEC("lsm/file_open")
int BPF_PROG(denied_by_errno_cured, struct file *file)
{
    return -1;
}
