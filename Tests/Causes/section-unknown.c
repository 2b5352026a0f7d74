// SPDX-License-Identifier: Apache-2.0
// A section that libbpf makes nothing of.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

// expected: section-unknown
SEC("no_such_section/vfs_open")
int section_unknown(void *ctx)
{
    return 0;
}
