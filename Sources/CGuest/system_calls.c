// SPDX-License-Identifier: Apache-2.0

#include "CGuest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int guest_mount(const char *source, const char *target, const char *type, const char *options) {
    return mount(source, target, type, 0, options) == 0 ? 0 : errno;
}

int guest_mount_read_only(const char *source, const char *target, const char *type, const char *options) {
    return mount(source, target, type, MS_RDONLY | MS_NOSUID | MS_NODEV, options) == 0 ? 0 : errno;
}

int guest_bind(const char *source, const char *target) {
    return mount(source, target, NULL, MS_BIND, NULL) == 0 ? 0 : errno;
}

int guest_unmount(const char *target) {
    return umount2(target, MNT_DETACH) == 0 ? 0 : errno;
}

int guest_load_module(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    long result = syscall(SYS_finit_module, fd, "", 0);
    int error = result == 0 ? 0 : errno;
    close(fd);
    return error;
}

int guest_insert_module(const uint8_t *bytes, size_t count) {
    if (syscall(SYS_init_module, bytes, count, "") == 0 || errno == EEXIST)
        return 0;
    return errno;
}

int guest_add_entropy(const uint8_t *bytes, size_t count) {
    struct {
        struct rand_pool_info info;
        uint8_t bytes[64];
    } pool;
    if (count > sizeof(pool.bytes))
        return EINVAL;
    memset(&pool, 0, sizeof(pool));
    pool.info.entropy_count = (int)count * 8;
    pool.info.buf_size = (int)count;
    memcpy(pool.info.buf, bytes, count);
    int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0 ? 0 : errno;
    close(fd);
    return error;
}

int guest_restart(void) {
    sync();
    return reboot(RB_AUTOBOOT) == 0 ? 0 : errno;
}
