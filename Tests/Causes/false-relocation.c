// SPDX-License-Identifier: Apache-2.0
// A poisoned instruction that is never reached, near one that is refused for something else: newer kernels quote both.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, char[64]);
} table SEC(".maps");

struct task_struct___gone {
    u64 nope;
} __attribute__((preserve_access_index));

// expected: map-value-bounds
SEC("raw_tp/sys_enter")
int false_relocation(void *ctx)
{
    u32 key = 0;
    u64 index = bpf_get_prandom_u32() & 127, written = 1;
    struct task_struct___gone *task = (void *)bpf_get_current_task();
    char *value = bpf_map_lookup_elem(&table, &key);

    if (!value)
        return 0;
    if (bpf_core_field_exists(task->nope)) {
        written = bpf_core_field_offset(struct task_struct___gone, nope);
        asm volatile("" : "+r"(written));
    }
    value += index;
    asm volatile("" : "+r"(value));
    *value = written; // refused here
    return 0;
}
