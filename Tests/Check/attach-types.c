// SPDX-License-Identifier: Apache-2.0
// Programs for attach types that came after 5.10, which all kernels load.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tcx/ingress")
int attach_tcx(void *context)
{
    return 0;
}

SEC("netkit/primary")
int attach_netkit(void *context)
{
    return 0;
}

SEC("uprobe.multi")
int attach_uprobes(void *context)
{
    return 0;
}

SEC("kprobe.multi/vfs_*")
int attach_kprobes(void *context)
{
    return 0;
}

SEC("kprobe.session/vfs_read")
int attach_session(void *context)
{
    return 0;
}
