// SPDX-License-Identifier: Apache-2.0
// A number of the configuration in one byte, which fits.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const __u8 CONFIG_HZ __kconfig;

SEC("socket")
int configuration_byte(void *context)
{
    return CONFIG_HZ;
}
