// SPDX-License-Identifier: Apache-2.0
// A structure that only a module has.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct nft_ctx___family {
    unsigned char family;
} __attribute__((preserve_access_index));

SEC("raw_tp/sys_enter")
int module_type(struct nft_ctx___family **context)
{
    struct nft_ctx___family *own = 0;

    bpf_probe_read_kernel(&own, sizeof(own), context);
    return BPF_CORE_READ(own, family);
}
