// SPDX-License-Identifier: Apache-2.0
// Loops, jumps and what a program returns.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

// expected: infinite-loop
SEC("socket")
naked int infinite_loop(void)
{
    asm volatile("r0 = 0; again: if r0 == 0 goto again; exit;"); // refused here
}

// expected: infinite-loop
SEC("kprobe/vfs_open")
int loop_without_progress(struct pt_regs *ctx)
{
    volatile int wanted = 1;
    while (wanted) // refused here
        ;
    return 0;
}

// expected: too-complex
SEC("socket")
naked int too_many_jumps(void)
{
    asm volatile("r6 = 0; next: call %[random]; r6 += 1; if r0 == 5 goto out; goto next; out: r0 = 0; exit;"
                 :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// expected: too-complex
SEC("socket")
naked int too_many_instructions(void)
{
    // Five ways through the same instructions, on each of which R6 is another pointer: each has to be gone.
    asm volatile("r7 = r1; call %[random]; r6 = r10; if r0 == 1 goto tail; r6 = r7; if r0 == 2 goto tail;"
                 "r6 = r10; r6 += -8; if r0 == 3 goto tail; r6 = r10; r6 += -16; if r0 == 4 goto tail; r6 = 0;"
                 "tail: .rept 220000; r1 = 0; .endr; r0 = r6; r0 = 0; exit;" :: [random] "i"(BPF_FUNC_get_prandom_u32));
}

// expected: unreachable-code
SEC("socket")
naked int unreachable(void)
{
    asm volatile("r0 = 0; exit; r0 = 1; exit;"); // refused here
}

// expected: missing-exit
SEC("socket")
naked int missing_exit(void)
{
    asm volatile("r0 = 0; r0 += 1;");
}

// expected: jump-out-of-range
SEC("socket")
naked int jump_out_of_range(void)
{
    asm volatile("r0 = 0; goto +20; exit;"); // refused here
}

// expected: return-value
SEC("cgroup_skb/ingress")
int return_value(struct __sk_buff *skb)
{
    return 7; // refused here
}

// expected: return-value
SEC("cgroup/connect4")
int return_value_unknown(struct bpf_sock_addr *ctx)
{
    return bpf_get_prandom_u32(); // refused here
}

// expected: return-value
SEC("fentry/vfs_open")
int BPF_PROG(return_value_tracing, const struct path *path) // refused here
{
    return 7;
}

static __attribute__((noinline)) int f8(int a) { return bpf_get_prandom_u32() + a; }
static __attribute__((noinline)) int f7(int a) { return f8(a) + 7; }
static __attribute__((noinline)) int f6(int a) { return f7(a) + 6; }
static __attribute__((noinline)) int f5(int a) { return f6(a) + 5; }
static __attribute__((noinline)) int f4(int a) { return f5(a) + 4; }
static __attribute__((noinline)) int f3(int a) { return f4(a) + 3; }
static __attribute__((noinline)) int f2(int a) { return f3(a) + 2; }
static __attribute__((noinline)) int f1(int a) { return f2(a) + 1; }

// expected: call-depth on 5.10 6.1 6.12, accepted on 7.2
SEC("kprobe/vfs_open")
int call_depth(struct pt_regs *ctx)
{
    return f1(bpf_get_prandom_u32());
}

static __attribute__((noinline)) int recurses(int depth)
{
    if (bpf_get_prandom_u32() & 1)
        return depth;
    int deeper = recurses(depth + 1);
    barrier_var(deeper);
    return deeper + 1;
}

// expected: call-depth
SEC("kprobe/vfs_open")
int recursion(struct pt_regs *ctx)
{
    return recurses(1);
}
