// SPDX-License-Identifier: Apache-2.0
// A member that the kernel gave up in 6.5; the instruction has no line of its own.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct file_operations___old {
    int (*iterate)(struct file *, struct dir_context *);
    int (*iterate_shared)(struct file *, struct dir_context *);
} __attribute__((preserve_access_index));

u64 hooked;

// expected: accepted on 5.10 6.1, relocation-without-match on 6.12 7.2
SEC("kprobe/security_file_permission")
int BPF_KPROBE(permission, struct file *file)
{
    struct file_operations___old *table = (void *)BPF_CORE_READ(file, f_op);

    hooked = (u64)BPF_CORE_READ(table, iterate_shared);
    hooked |= (u64)BPF_CORE_READ(table, iterate);
    return 0;
}

// expected: accepted
SEC("kprobe/security_file_permission")
int BPF_KPROBE(permission_asking, struct file *file)
{
    struct file_operations___old *table = (void *)BPF_CORE_READ(file, f_op);

    hooked = (u64)BPF_CORE_READ(table, iterate_shared);
    if (bpf_core_field_exists(table->iterate))
        hooked |= (u64)BPF_CORE_READ(table, iterate);
    return 0;
}
