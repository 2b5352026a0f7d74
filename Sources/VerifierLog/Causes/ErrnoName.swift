// SPDX-License-Identifier: Apache-2.0

/// The names of the errors that loading a program can end with (asm-generic/errno-base.h, errno.h, linux/errno.h).
public enum ErrnoName {
    private static let names: [Int: String] = [
        1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 7: "E2BIG", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM",
        13: "EACCES", 14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 19: "ENODEV", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE",
        28: "ENOSPC", 33: "EDOM", 34: "ERANGE", 36: "ENAMETOOLONG", 38: "ENOSYS", 40: "ELOOP", 61: "ENODATA",
        75: "EOVERFLOW", 95: "EOPNOTSUPP", 110: "ETIMEDOUT", 524: "ENOTSUPP",
    ]
    private static let numbers: [String: Int32] = {
        var numbers = Dictionary(uniqueKeysWithValues: names.map { ($1, Int32($0)) })
        // glibc's name for EOPNOTSUPP.
        numbers["ENOTSUP"] = 95
        return numbers
    }()

    /// `EINVAL`; `errno 999` for one that is not known here.
    public static func name(_ number: Int) -> String { names[number] ?? "errno \(number)" }

    /// Positive; nil for a name that is not known here.
    static func number(_ name: String) -> Int32? { numbers[name] }
}
