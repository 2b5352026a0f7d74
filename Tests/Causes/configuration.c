// SPDX-License-Identifier: Apache-2.0
// What the kernels of Debian's cloud flavour could have, and were built without.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

// expected: configuration-off
SEC("lirc_mode2")
int infrared(unsigned int *sample)
{
    return 0;
}

// expected: configuration-off
SEC("kprobe/vfs_open")
int override_return(struct pt_regs *ctx)
{
    bpf_override_return(ctx, -1); // refused here
    return 0;
}

extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym __weak;

// expected: kfunc-unknown on 5.10 6.1, configuration-off on 6.12, kfunc-not-allowed on 7.2
SEC("kprobe/vfs_open")
int kick_scheduler(struct pt_regs *ctx)
{
    scx_bpf_kick_cpu(0, 0); // refused here
    return 0;
}
