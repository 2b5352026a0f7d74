// SPDX-License-Identifier: Apache-2.0
// A member that changed from a short to an enumeration.

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct tty_driver___old {
    short type;
} __attribute__((preserve_access_index));

struct tty_struct___any {
    struct tty_driver___old *driver;
} __attribute__((preserve_access_index));

enum tty_driver_kind___new { TTY_DRIVER_TYPE_PTY___new = 4 };

// expected: accepted on 5.10 6.1 6.12, relocation-without-match on 7.2
SEC("kprobe/tty_write")
int BPF_KPROBE(on_write, struct tty_struct___any *tty)
{
    struct tty_driver___old *driver = BPF_CORE_READ(tty, driver);
    short kind = BPF_CORE_READ(driver, type);

    return kind == 4;
}
