// SPDX-License-Identifier: Apache-2.0
// Programs that are attached to what the kernel has, beside candidates that nobody loads.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

// cures: function_missing
SEC("?fentry/vfs_open")
int BPF_PROG(function_present_cured)
{
    return 0;
}

// cures: iterates_memory
SEC("?iter/task")
int iterates_tasks_cured(struct bpf_iter__task *ctx)
{
    return 0;
}

// cures: section_unknown
SEC("kprobe/vfs_open")
int section_known_cured(void *ctx)
{
    return 0;
}
