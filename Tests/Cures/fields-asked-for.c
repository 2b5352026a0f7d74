// SPDX-License-Identifier: Apache-2.0
// Members that some kernels have otherwise or not at all, cured: asked for first, and read by a flavour of the type.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct file_operations___old {
    int (*iterate)(struct file *, struct dir_context *);
    int (*iterate_shared)(struct file *, struct dir_context *);
} __attribute__((preserve_access_index));

typedef struct {
    u32 cap[2];
} __attribute__((preserve_access_index)) kernel_cap_t___old;

struct cred___old {
    kernel_cap_t___old cap_effective;
} __attribute__((preserve_access_index));

typedef struct {
    u64 val;
} __attribute__((preserve_access_index)) kernel_cap_t___new;

struct cred___new {
    kernel_cap_t___new cap_effective;
} __attribute__((preserve_access_index));

u64 hooked;
u32 upper;

// cures: permission
SEC("kprobe/security_file_permission")
int BPF_KPROBE(permission_where_there_cured, struct file *file)
{
    struct file_operations___old *table = (void *)BPF_CORE_READ(file, f_op);

    hooked = (u64)BPF_CORE_READ(table, iterate_shared);
    if (bpf_core_field_exists(table->iterate))
        hooked |= (u64)BPF_CORE_READ(table, iterate);
    return 0;
}

// cures: new_creds
SEC("kprobe/commit_creds")
int BPF_KPROBE(credentials_where_there_cured, struct cred___old *new)
{
    if (bpf_core_field_exists(new->cap_effective.cap[1]))
        upper = BPF_CORE_READ(new, cap_effective.cap[1]);
    return 0;
}

// cures: new_creds
SEC("kprobe/commit_creds")
int BPF_KPROBE(credentials_by_flavours_cured, struct cred___old *new)
{
    struct cred___new *newer = (void *)new;

    if (bpf_core_field_exists(new->cap_effective.cap))
        upper = BPF_CORE_READ(new, cap_effective.cap[1]);
    else
        upper = BPF_CORE_READ(newer, cap_effective.val) >> 32;
    return 0;
}
