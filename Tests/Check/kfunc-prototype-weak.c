// SPDX-License-Identifier: Apache-2.0
// The same where the object can do without: libbpf holds it for missing.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern int vfs_open(int x) __ksym __weak;

SEC("kprobe")
int kfunc_prototype_weak(void *context)
{
    return bpf_ksym_exists(vfs_open) ? vfs_open(1) : 0;
}
