// SPDX-License-Identifier: Apache-2.0
// A number of the configuration that does not fit.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const __u16 CONFIG_PHYSICAL_START __kconfig;

SEC("socket")
int configuration_range(void *context)
{
    return CONFIG_PHYSICAL_START;
}
