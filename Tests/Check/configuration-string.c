// SPDX-License-Identifier: Apache-2.0
// A number of the configuration that is declared as a string.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const char CONFIG_HZ[8] __kconfig;

SEC("socket")
int configuration_string(void *context)
{
    return CONFIG_HZ[0];
}
