// SPDX-License-Identifier: Apache-2.0
// Hooks that some kernels keep programs away from, and helpers that are for some hooks.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

char path[64];

SEC("lsm/key_getsecurity")
int BPF_PROG(closed_hook)
{
    return 0;
}

SEC("lsm/file_open")
int BPF_PROG(path_at_open, struct file *file)
{
    return bpf_d_path(__builtin_preserve_access_index(&file->f_path), path, sizeof(path)) == -1000;
}

SEC("lsm/file_free_security")
void BPF_PROG(path_at_free, struct file *file)
{
    bpf_d_path(__builtin_preserve_access_index(&file->f_path), path, sizeof(path));
}

SEC("tp_btf/vmlinux:sched_switch")
int BPF_PROG(own_tracepoint)
{
    return 0;
}
