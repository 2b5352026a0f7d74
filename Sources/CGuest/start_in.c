// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CGuest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int guest_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
}

/* In the child; returns the errno of what failed. */
static int become(const char *root, char *const arguments[], char *const environment[], int output, int errors) {
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0)
        return errno;
    if (setsid() < 0 || chroot(root) != 0 || chdir("/") != 0)
        return errno;
    execve(arguments[0], arguments, environment);
    return errno;
}

int guest_start_in(const char *root, char *const arguments[], char *const environment[], int output, int errors,
                   pid_t *process) {
    /* Closed by a successful execve(2), and written to otherwise: so the parent learns which. */
    int told[2];
    if (pipe2(told, O_CLOEXEC) != 0)
        return errno;
    pid_t child = fork();
    if (child < 0) {
        int error = errno;
        close(told[0]);
        close(told[1]);
        return error;
    }
    if (child == 0) {
        int error = become(root, arguments, environment, output, errors);
        ssize_t written = write(told[1], &error, sizeof(error));
        _exit(written == sizeof(error) ? 127 : 126);
    }
    close(told[1]);
    int error = 0;
    ssize_t count;
    while ((count = read(told[0], &error, sizeof(error))) < 0 && errno == EINTR)
        ;
    close(told[0]);
    if (count == 0) {
        *process = child;
        return 0;
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return count == sizeof(error) ? error : EIO;
}
