// SPDX-License-Identifier: Apache-2.0

#include "CGuest.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

void guest_link_early_mounts(void) {}

/*
 * The Swift runtime reads /proc/self/exe in a constructor of its own and aborts without it. 101 is the first priority
 * that is left to programs, so this runs before.
 */
__attribute__((constructor(101), used)) static void mount_before_runtime(void) {
    if (getpid() != 1)
        return;
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    int console = open("/dev/console", O_RDWR);
    if (console < 0)
        return;
    for (int fd = 0; fd <= 2; fd++)
        dup2(console, fd);
    if (console > 2)
        close(console);
}
