// SPDX-License-Identifier: Apache-2.0
// Sizes that are handed to helpers, cured: bounded from above, not negative, not zero.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define naked __attribute__((naked))

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, char[64]);
} scratch SEC(".maps");

// cures: size_of_either_sign
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int size_of_either_sign_bounded_cured(struct pt_regs *ctx)
{
    char name[16];
    __s64 size = (__s64)bpf_ktime_get_ns();
    barrier_var(size);
    if (size > 16 || size < -16)
        return 0;
    barrier_var(size);
    if (size > sizeof(name))
        return 0;
    bpf_probe_read_kernel(name, size, (void *)ctx);
    return 0;
}

// cures: size_of_either_sign
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int size_tested_at_both_ends_cured(struct pt_regs *ctx)
{
    char name[16];
    __s64 size = (__s64)bpf_ktime_get_ns();
    barrier_var(size);
    if (size > 16 || size < -16)
        return 0;
    barrier_var(size);
    if (size < 0 || size > sizeof(name))
        return 0;
    bpf_probe_read_kernel(name, size, (void *)ctx);
    return 0;
}

// cures: size_of_either_sign
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int size_of_unsigned_type_cured(struct pt_regs *ctx)
{
    char name[16];
    __u64 size = bpf_ktime_get_ns();
    barrier_var(size);
    if (size > 16)
        return 0;
    barrier_var(size);
    bpf_probe_read_kernel(name, size, (void *)ctx);
    return 0;
}

// cures: size_of_either_sign
SEC("kprobe/vfs_open")
int size_of_either_sign_into_filled_cured(struct pt_regs *ctx)
{
    char name[16] = {};    // which Linux 5.10 asks for once the size is bounded
    __s64 size = (__s64)bpf_ktime_get_ns();
    barrier_var(size);
    if (size > 16 || size < -16)
        return 0;
    barrier_var(size);
    if (size > sizeof(name))
        return 0;
    bpf_probe_read_kernel(name, size, (void *)ctx);
    return 0;
}

// cures: size_unbounded
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int size_bounded_cured(struct pt_regs *ctx)
{
    char name[16];
    __u32 size = bpf_get_prandom_u32();
    if (size > sizeof(name))
        return 0;
    bpf_probe_read_kernel(name, size, (void *)ctx);
    return 0;
}

// cures: size_unbounded
SEC("kprobe/vfs_open")
int size_bounded_into_filled_cured(struct pt_regs *ctx)
{
    char name[16] = {};    // which Linux 5.10 asks for once the size is bounded
    __u32 size = bpf_get_prandom_u32();
    if (size > sizeof(name))
        return 0;
    bpf_probe_read_kernel(name, size, (void *)ctx);
    return 0;
}

// cures: entered_int
SEC("uprobe")
int BPF_KPROBE(entered_unsigned_cured, const void *text, __u32 length)
{
    u32 key = 0;
    char *buffer = bpf_map_lookup_elem(&scratch, &key);

    if (!buffer || length > 63)
        return 0;
    bpf_probe_read_user(buffer, length, text);
    return 0;
}

// cures: entered_int
SEC("uprobe")
int BPF_KPROBE(entered_tested_at_both_ends_cured, const void *text, int length)
{
    u32 key = 0;
    char *buffer = bpf_map_lookup_elem(&scratch, &key);

    if (!buffer || length > 63)
        return 0;
    if (length < 0 || length > 64)
        return 0;
    bpf_probe_read_user(buffer, length, text);
    return 0;
}

// cures: size_zero
SEC("kprobe/vfs_open")
int size_not_zero_cured(struct pt_regs *ctx)
{
    char name[16] = {};
    __u32 size = (bpf_get_prandom_u32() & 15) + 1;
    bpf_get_current_comm(name, size);
    return 0;
}

// cures: size_may_be_negative
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
naked int size_not_negative_cured(void)
{
    asm volatile("call %[time]; r2 = r0; if r2 s> 16 goto leave; if r2 s< -16 goto leave; if r2 s< 0 goto leave; r1 = r10; r1 += -16; r3 = 8; call %[read]; leave: r0 = 0; exit;"
                 :: [time] "i"(BPF_FUNC_ktime_get_ns), [read] "i"(BPF_FUNC_probe_read_kernel));
}

// cures: size_may_be_negative
SEC("kprobe/vfs_open")
naked int size_not_negative_into_filled_cured(void)
{
    // The buffer is filled first, which Linux 5.10 asks for once the size is not negative.
    asm volatile("call %[time]; r1 = 0; *(u64 *)(r10 - 16) = r1; *(u64 *)(r10 - 8) = r1; r2 = r0; if r2 s> 16 goto done; if r2 s< -16 goto done; if r2 s< 0 goto done; r1 = r10; r1 += -16; r3 = 8; call %[read]; done: r0 = 0; exit;"
                 :: [time] "i"(BPF_FUNC_ktime_get_ns), [read] "i"(BPF_FUNC_probe_read_kernel));
}

// cures: size_as_returned
SEC("kprobe/vfs_open")
int size_as_returned_bounded_cured(struct pt_regs *ctx)
{
    char text[16];
    int size = bpf_probe_read_kernel_str(text, sizeof(text), (void *)ctx);
    if (size < 0)
        return 0;
    if (size > sizeof(text))
        return 0;
    return bpf_ringbuf_output(&ring, text, size, 0);
}

// cures: argument_not_constant
SEC("kprobe/vfs_open")
int record_of_constant_size_cured(struct pt_regs *ctx)
{
    void *record = bpf_ringbuf_reserve(&ring, 64, 0);
    if (record)
        bpf_ringbuf_discard(record, 0);
    return 0;
}

// cures: argument_not_constant
SEC("kprobe/vfs_open")
int record_of_any_size_output_cured(struct pt_regs *ctx)
{
    char record[64] = {};
    __u32 size = bpf_get_prandom_u32() & 63;
    return bpf_ringbuf_output(&ring, record, size, 0);
}

// cures: argument_not_constant
// accepted on 6.1 6.12 7.2 7.3
SEC("kprobe/vfs_open")
int record_of_any_size_reserved_cured(struct pt_regs *ctx)
{
    struct bpf_dynptr pointer;
    __u32 size = bpf_get_prandom_u32() & 63;
    bpf_ringbuf_reserve_dynptr(&ring, size, 0, &pointer);
    bpf_ringbuf_discard_dynptr(&pointer, 0);
    return 0;
}
