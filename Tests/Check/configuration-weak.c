// SPDX-License-Identifier: Apache-2.0
// Weak values of the configuration that are missing, with names that libbpf knows.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern int CONFIG_NO_SUCH_SWITCH __kconfig __weak;
extern int LINUX_NO_SUCH_VALUE __kconfig __weak;

SEC("socket")
int configuration_weak(void *context)
{
    return CONFIG_NO_SUCH_SWITCH + LINUX_NO_SUCH_VALUE;
}
