// SPDX-License-Identifier: Apache-2.0
// A function of the kernel's own that no kernel has, and the program does not ask for it weakly.

#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_no_such_kfunc_anywhere(void) __ksym;

// expected: kfunc-unknown
SEC("tc")
int kfunc_of_no_kernel(struct __sk_buff *skb)
{
    return bpf_no_such_kfunc_anywhere();
}
