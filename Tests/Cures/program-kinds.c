// SPDX-License-Identifier: Apache-2.0
// Helpers and licences that a program may not have, cured: another helper, another type of program, another hook, the GPL.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

u64 word;

// cures: helper_not_for_kprobe
SEC("kprobe/vfs_open")
int helper_of_kprobe_cured(struct pt_regs *ctx)
{
    __u32 value = 0;
    return bpf_probe_read_kernel(&value, 4, ctx);
}

// cures: helper_not_for_kprobe
SEC("tc")
int type_that_loads_bytes_cured(struct __sk_buff *skb)
{
    __u32 value = 0;
    return bpf_skb_load_bytes(skb, 0, &value, 4);
}

// cures: helper_not_for_xdp
SEC("tc")
int type_that_stores_bytes_cured(struct __sk_buff *skb)
{
    char byte = 0;
    bpf_skb_store_bytes(skb, 0, &byte, 1, 0);
    return 0;
}

// cures: helper_not_for_xdp
// accepted on 6.1 6.12 7.2 7.3
SEC("xdp")
int helper_of_xdp_cured(struct xdp_md *ctx)
{
    char byte = 0;
    bpf_xdp_store_bytes(ctx, 0, &byte, 1);
    return XDP_PASS;
}

// cures: helper_not_for_function
// accepted on 6.1 6.12 7.2 7.3
SEC("fentry/dentry_open")
int BPF_PROG(path_at_allowed_function_cured, struct path *path)
{
    char name[8];
    bpf_d_path(path, name, sizeof(name));
    return 0;
}

// cures: helper_not_for_function
SEC("fentry/security_file_open")
int BPF_PROG(path_into_filled_cured, struct file *file)
{
    char name[8] = {};    // which Linux 5.10 asks for as well
    bpf_d_path(&file->f_path, name, sizeof(name));
    return 0;
}

// cures: helper_not_for_function
// accepted on 6.1 6.12 7.2 7.3
SEC("lsm/file_open")
int BPF_PROG(path_at_security_hook_cured, struct file *file)
{
    char name[8];
    bpf_d_path(&file->f_path, name, sizeof(name));
    return 0;
}

// cures: established
SEC("sockops")
int established_reads_kernel_cured(struct bpf_sock_ops *ops)
{
    u64 buffer = 0;

    bpf_probe_read_kernel(&buffer, sizeof(buffer), (void *)0xffff888000000000);
    word = buffer;
    return 1;
}

// cures: established
SEC("sockops")
int established_reads_user_cured(struct bpf_sock_ops *ops)
{
    u64 buffer = 0;

    bpf_probe_read_user(&buffer, sizeof(buffer), (void *)0x1000);
    word = buffer;
    return 1;
}

// cures: helper_needs_gpl
SEC("kprobe/vfs_open")
int helper_under_gpl_cured(struct pt_regs *ctx)
{
    bpf_printk("opened");
    return 0;
}

// cures: hook_needs_gpl
SEC("lsm/file_open")
int BPF_PROG(hook_under_gpl_cured, struct file *file)
{
    return 0;
}
