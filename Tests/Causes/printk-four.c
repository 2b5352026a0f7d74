// SPDX-License-Identifier: Apache-2.0
// bpf_printk() with four values.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2
SEC("sockops")
int closed(struct bpf_sock_ops *ops)
{
    bpf_printk("%x:%d -> %x:%d", ops->local_ip4, ops->local_port, ops->remote_ip4, ops->remote_port);
    return 1;
}
