// SPDX-License-Identifier: Apache-2.0
// A weak value of the configuration with a name that libbpf does not know.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern int NO_SUCH_VALUE __kconfig __weak;

SEC("socket")
int configuration_name(void *context)
{
    return NO_SUCH_VALUE;
}
