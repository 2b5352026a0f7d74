// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The smallest program that means something: it attaches to a function and does nothing. A kernel that refuses this
 * refuses everything.
 */

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("kprobe/vfs_open")
int BPF_KPROBE(minimal_prog)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
