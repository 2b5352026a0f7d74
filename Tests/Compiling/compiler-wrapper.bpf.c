// SPDX-License-Identifier: Apache-2.0
// Another program for each value of a macro that only the compiler's wrapper defines.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("raw_tp/sys_enter")
int p(void *ctx)
{
#if VARIANT == 1
    return *(volatile int *)0;
#else
    return 0;
#endif
}
