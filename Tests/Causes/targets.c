// SPDX-License-Identifier: Apache-2.0
// What programs are to be attached to.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

// expected: target-missing
SEC("fentry/no_such_function_anywhere")
int BPF_PROG(function_missing)
{
    return 0;
}

// expected: target-missing
SEC("lsm/no_such_hook_anywhere")
int BPF_PROG(hook_missing)
{
    return 0;
}

// expected: target-missing
SEC("tp_btf/no_such_tracepoint_anywhere")
int BPF_PROG(tracepoint_missing)
{
    return 0;
}

// expected: target-unset
SEC("fentry")
int BPF_PROG(target_unset)
{
    return 0;
}

// expected: target-unset
SEC("freplace/some_function")
int replaces_function(struct __sk_buff *skb)
{
    return 0;
}

// expected: accepted on 5.10, target-refused on 6.1 6.12 7.2
SEC("lsm/getprocattr")
int BPF_PROG(hook_disabled)
{
    return 0;
}

// expected: target-refused
SEC("fmod_ret/vfs_open")
int BPF_PROG(return_not_modifiable)
{
    return 0;
}

// expected: target-missing on 5.10, accepted on 6.1, target-refused on 6.12 7.2
SEC("fentry/__rcu_read_lock")
int BPF_PROG(function_not_traceable)
{
    return 0;
}
