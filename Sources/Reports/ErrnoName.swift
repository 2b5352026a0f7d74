// SPDX-License-Identifier: Apache-2.0

/// The names of the errors that loading a program can end with (asm-generic/errno-base.h, errno.h, linux/errno.h).
enum ErrnoName {
    private static let names = [
        1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 7: "E2BIG", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM",
        13: "EACCES", 14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 19: "ENODEV", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE",
        28: "ENOSPC", 33: "EDOM", 34: "ERANGE", 36: "ENAMETOOLONG", 38: "ENOSYS", 40: "ELOOP", 61: "ENODATA",
        75: "EOVERFLOW", 95: "EOPNOTSUPP", 110: "ETIMEDOUT", 524: "ENOTSUPP",
    ]

    static func name(_ number: Int) -> String { names[number] ?? "errno \(number)" }
}
