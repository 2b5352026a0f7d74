// SPDX-License-Identifier: Apache-2.0
// What programs are attached to, cured: another hook or function, a kprobe, or a target that is named.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

// cures: hook_disabled
SEC("lsm/file_open")
int BPF_PROG(other_hook_cured)
{
    return 0;
}

// cures: return_not_modifiable
SEC("fmod_ret/security_file_open")
int BPF_PROG(return_of_security_hook_cured)
{
    return 0;
}

// cures: function_not_traceable
SEC("fentry/find_get_pid")
int BPF_PROG(caller_of_function_cured)
{
    return 0;
}

// cures: target_unset
SEC("fentry/vfs_open")
int BPF_PROG(target_named_cured)
{
    return 0;
}

// cures: target_in_module
SEC("kprobe/nf_conntrack_in")
int BPF_KPROBE(kprobe_in_module_cured)
{
    return 0;
}

// cures: sleeps_where_nothing_may
SEC("fentry/vfs_open")
int BPF_PROG(awake_where_nothing_may_sleep_cured, const struct path *path)
{
    return 0;
}

// cures: sleeps_where_nothing_may
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(sleeps_where_listed_cured, struct linux_binprm *bprm)
{
    return 0;
}
