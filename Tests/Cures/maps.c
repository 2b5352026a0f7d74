// SPDX-License-Identifier: Apache-2.0
// Maps with sizes, flags and declarations that all kernels take.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 5);
    __uint(key_size, 4);
    __uint(value_size, 8000);
} smaller_element SEC(".maps");

// cures: map_element_too_large
SEC("kprobe/vfs_open")
int map_of_smaller_elements_cured(struct pt_regs *ctx)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&smaller_element, &key) != 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 0x7ffff);
    __type(key, __u32);
    __type(value, __u64);
} fewer SEC(".maps");

// cures: map_too_large
SEC("kprobe/vfs_open")
int map_of_fewer_entries_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&fewer, &key) != 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 32768);
} smaller_value SEC(".maps");

// cures: map_value_too_large
SEC("kprobe/vfs_open")
int map_of_smaller_values_cured(struct pt_regs *ctx)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&smaller_value, &key) != 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 65536);
} shared SEC(".maps");

// cures: map_value_too_large
SEC("kprobe/vfs_open")
int map_not_per_cpu_cured(struct pt_regs *ctx)
{
    __u32 key = 0;
    return bpf_map_lookup_elem(&shared, &key) != 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u32);
} unflagged SEC(".maps");

// cures: map_flags
SEC("kprobe/vfs_open")
int map_without_flag_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&unflagged, &key) != 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, __u64);
    __type(value, __u64);
} hashed_keys SEC(".maps");

// cures: map_key_too_large
SEC("raw_tp/sys_enter")
int map_of_hashed_keys_cured(void *ctx)
{
    return (long)&hashed_keys != 0;
}

struct inner {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u32);
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
    __uint(max_entries, 8);
    __type(key, __u32);
    __array(values, struct inner);
} outer SEC(".maps");

// cures: inner_map
SEC("kprobe/vfs_open")
int inner_map_declared_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&outer, &key) != 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8);
    __type(key, __u32);
    __type(value, __u32);
} declared_by_types SEC(".maps");

// cures: legacy_map
SEC("kprobe/vfs_open")
int map_declared_by_types_cured(struct pt_regs *ctx)
{
    __u32 key = 1;
    return bpf_map_lookup_elem(&declared_by_types, &key) != 0;
}
