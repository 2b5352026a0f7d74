// SPDX-License-Identifier: Apache-2.0
// A member of a member that the kernel has otherwise since 6.3; the instruction has no line of its own.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct capabilities___halves {
    u32 cap[2];
};

typedef struct {
    u32 cap[2];
} __attribute__((preserve_access_index)) kernel_cap_t___old;

struct cred___old {
    kernel_cap_t___old cap_effective;
} __attribute__((preserve_access_index));

struct task_struct___any {
    struct cred___old *cred;
} __attribute__((preserve_access_index));

u32 upper;

// expected: accepted on 5.10 6.1, relocation-without-match on 6.12 7.2
SEC("kprobe/commit_creds")
int BPF_KPROBE(new_creds, struct cred___old *new)
{
    upper = BPF_CORE_READ(new, cap_effective.cap[1]);
    return 0;
}
