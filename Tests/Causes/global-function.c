// SPDX-License-Identifier: Apache-2.0
// A global function that is handed a structure on the stack.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct frame {
    u64 ip, sp;
    u32 depth;
};

u64 last;

__noinline int step(struct frame *frame, u32 rule)
{
    if (!frame)
        return 1;
    frame->sp += rule;
    frame->depth++;
    return 0;
}

// expected: global-function-argument on 5.10, accepted on 6.1 6.12 7.2
SEC("tp/sched/sched_switch")
int switched(void *ctx)
{
    struct frame frame = {};

    frame.sp = bpf_ktime_get_ns();
    frame.depth = bpf_get_prandom_u32();
    step(&frame, 8);
    last = frame.sp + frame.depth;
    return 0;
}
