// SPDX-License-Identifier: Apache-2.0
// Programs that may sleep, at hooks and functions where it is known whether they may.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("lsm.s/file_open")
int sleeping_open(void *context)
{
    return 0;
}

SEC("lsm.s/bprm_committed_creds")
int sleeping_credentials(void *context)
{
    return 0;
}

SEC("iter.s/task")
int sleeping_iterator(void *context)
{
    return 0;
}

SEC("fentry.s/__x64_sys_getpgid")
int sleeping_call(void *context)
{
    return 0;
}
