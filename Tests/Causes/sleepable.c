// SPDX-License-Identifier: Apache-2.0
// Programs that may sleep, on hooks where nothing may.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

// expected: target-not-sleepable
SEC("fentry.s/vfs_open")
int BPF_PROG(sleeps_where_nothing_may, const struct path *path)
{
    return 0;
}

// expected: target-not-sleepable
SEC("lsm.s/task_free")
int BPF_PROG(sleeps_in_lsm_hook, struct task_struct *task)
{
    return 0;
}
