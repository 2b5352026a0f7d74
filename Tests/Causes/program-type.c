// SPDX-License-Identifier: Apache-2.0
// Kinds of programs and of attaching that came later.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

// expected: program-type-lacking on 5.10 6.1, accepted on 6.12 7.2
SEC("netfilter")
int program_type(struct bpf_nf_ctx *ctx)
{
    return 1;
}

// expected: attach-type-lacking on 5.10 6.1, accepted on 6.12 7.2
SEC("cgroup/connect_unix")
int attach_type(struct bpf_sock_addr *ctx)
{
    return 1;
}

// expected: accepted
SEC("sk_lookup")
int socket_lookup(struct bpf_sk_lookup *ctx)
{
    return 1;
}

// expected: program-type-lacking on 5.10, accepted on 6.1 6.12 7.2
SEC("syscall")
int syscall_program(void *ctx)
{
    return 0;
}

// expected: attach-type-lacking on 5.10, accepted on 6.1 6.12 7.2
SEC("xdp.frags")
int program_flag(struct xdp_md *ctx)
{
    return XDP_PASS;
}

// expected: attach-type-lacking on 5.10, accepted on 6.1 6.12 7.2
SEC("lsm_cgroup/socket_bind")
int attach_type_lsm(void *ctx)
{
    return 1;
}

// expected: accepted
SEC("tcx/ingress")
int tcx(struct __sk_buff *skb)
{
    return 0;
}

// expected: accepted
SEC("kprobe.session/vfs_open")
int session(struct pt_regs *ctx)
{
    return 0;
}

// expected: accepted
SEC("iter/bpf_map")
int iterates(struct bpf_iter__bpf_map *ctx)
{
    return 0;
}

// expected: target-missing on 5.10, accepted on 6.1 6.12 7.2
SEC("iter/task_vma")
int iterates_memory(struct bpf_iter__task_vma *ctx)
{
    return 0;
}
