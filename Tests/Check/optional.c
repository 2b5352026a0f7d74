// SPDX-License-Identifier: Apache-2.0
// A program that is left out unless told otherwise, beside one that is not.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("kprobe/do_sys_openat2")
int not_optional(void *context)
{
    return 0;
}

SEC("?fentry/do_sys_openat2")
int optional(void *context)
{
    return 0;
}

SEC("?fentry/no_such_function_at_all")
int optional_missing(void *context)
{
    return 0;
}
