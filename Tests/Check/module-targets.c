// SPDX-License-Identifier: Apache-2.0
// What programs are attached to is in modules; the types of a probe's argument are, too.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct nf_conn___status {
    unsigned long status;
} __attribute__((preserve_access_index));

__u64 seen;

SEC("fentry/nf_conntrack_in")
int module_function(void *context)
{
    seen++;
    return 0;
}

SEC("fexit/ext4_file_open")
int module_file_system(void *context)
{
    seen++;
    return 0;
}

SEC("tp_btf/kvm_exit")
int module_tracepoint(void *context)
{
    seen++;
    return 0;
}

SEC("kprobe/nf_conntrack_in")
int BPF_KPROBE(module_argument, struct nf_conn___status *connection)
{
    seen = BPF_CORE_READ(connection, status);
    return 0;
}
