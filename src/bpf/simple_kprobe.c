// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Reports every file that is opened: who, which file, in which folder. The names are found by walking structures whose
 * layout differs from kernel to kernel; CO-RE adjusts each step to the kernel at hand.
 *
 * vfs_open() can be probed in every kernel from 5.10 to 7.x: fs/open.c defines it and other files call it.
 */

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NAME_LENGTH 64

struct open_event {
	__u32 pid;
	__u32 parent_pid;
	__u64 inode;
	char command[16];
	char file[NAME_LENGTH];
	char folder[NAME_LENGTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("kprobe/vfs_open")
int BPF_KPROBE(trace_open, const struct path *path)
{
	struct open_event *event;
	struct task_struct *task;
	const unsigned char *name;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;

	task = (struct task_struct *)bpf_get_current_task();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	event->inode = BPF_CORE_READ(path, dentry, d_inode, i_ino);
	bpf_get_current_comm(event->command, sizeof(event->command));
	name = BPF_CORE_READ(path, dentry, d_name.name);
	bpf_probe_read_kernel_str(event->file, sizeof(event->file), name);
	name = BPF_CORE_READ(path, dentry, d_parent, d_name.name);
	bpf_probe_read_kernel_str(event->folder, sizeof(event->folder), name);

	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
