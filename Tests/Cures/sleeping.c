// SPDX-License-Identifier: Apache-2.0
// Calls that may sleep, cured: in programs that may, or by a helper that does not.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern int bpf_copy_from_user_str(void *dst, u32 size, const void *unsafe, u64 flags) __ksym __weak;

// cures: helper_that_sleeps
// accepted on 6.1 6.12 7.2 7.3
SEC("uprobe.s")
int copies_in_sleepable_uprobe_cured(struct pt_regs *ctx)
{
    char name[16];
    bpf_copy_from_user(name, sizeof(name), (void *)8);
    return 0;
}

// cures: helper_that_sleeps
SEC("kprobe/vfs_open")
int reads_without_sleep_cured(struct pt_regs *ctx)
{
    char name[16];
    bpf_probe_read_user(name, sizeof(name), (void *)8);
    return 0;
}

// cures: helper_that_sleeps_in_lsm
// accepted on 6.1 6.12 7.2 7.3
SEC("lsm.s/file_open")
int BPF_PROG(copies_in_sleepable_hook_cured, struct file *file)
{
    char name[16];
    bpf_copy_from_user(name, sizeof(name), (void *)8);
    return 0;
}

// cures: helper_that_sleeps, helper_that_sleeps_in_lsm
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(copies_in_older_sleepable_hook_cured, struct linux_binprm *bprm)
{
    char name[16];
    bpf_copy_from_user(name, sizeof(name), (void *)8);
    return 0;
}

// cures: helper_that_sleeps_in_lsm
SEC("lsm/file_open")
int BPF_PROG(reads_without_sleep_in_hook_cured, struct file *file)
{
    char name[16];
    bpf_probe_read_user(name, sizeof(name), (void *)8);
    return 0;
}

// cures: kfunc_that_sleeps
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(copies_text_in_sleepable_hook_cured, struct linux_binprm *bprm)
{
    char name[8];
    if (!bpf_ksym_exists(bpf_copy_from_user_str))
        return 0;
    bpf_copy_from_user_str(name, sizeof(name), (void *)8, 0);
    return 0;
}

// cures: sleeps_under_rcu
SEC("lsm/file_open")
int BPF_PROG(awake_under_rcu_cured, struct file *file)
{
    char name[8];
    if (!bpf_ksym_exists(bpf_rcu_read_lock))
        return 0;
    bpf_rcu_read_lock();
    bpf_probe_read_user(name, sizeof(name), (void *)8);
    bpf_rcu_read_unlock();
    return 0;
}

// cures: sleeps_under_rcu
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(asleep_where_listed_cured, struct linux_binprm *bprm)
{
    char name[8];
    if (bpf_ksym_exists(bpf_rcu_read_lock)) {
        bpf_rcu_read_lock();
        bpf_rcu_read_unlock();
    }
    bpf_copy_from_user(name, sizeof(name), (void *)8);
    return 0;
}
