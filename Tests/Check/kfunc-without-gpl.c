// SPDX-License-Identifier: Apache-2.0
// A kfunc that is called where the kernel has it, without the licence for it.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Proprietary";

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

SEC("kprobe/vfs_open")
int kfunc_without_gpl(void *context)
{
    if (bpf_ksym_exists(bpf_rcu_read_lock)) {
        bpf_rcu_read_lock();
        bpf_rcu_read_unlock();
    }
    return 0;
}
