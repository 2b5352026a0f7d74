// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The system does not take what is written.
struct WriteFailure: Error, CustomStringConvertible {
    let errno: Int32

    var description: String { String(cString: strerror(errno)) }
}

/// A file descriptor that is written to.
struct Descriptor: Sendable, Hashable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    /// Writes all of it, however many calls that takes.
    func write(_ bytes: some ContiguousBytes) throws(WriteFailure) {
        let failure = bytes.withUnsafeBytes { raw -> WriteFailure? in
            var written = 0
            while written < raw.count {
                let count = Foundation.write(number, raw.baseAddress.map { $0 + written }, raw.count - written)
                if count >= 0 {
                    written += count
                } else if errno == EAGAIN {
                    // A terminal or a pipe that somebody else has made non-blocking is waited for all the same.
                    var waiting = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    return WriteFailure(errno: errno)
                }
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Whether it is open for writing; nil where whoever started this process has opened none. Descriptors of its own are closed when
    /// a program is started, so none that was handed over is.
    var isInheritedForWriting: Bool? {
        let flags = fcntl(number, F_GETFD)
        guard flags >= 0, flags & FD_CLOEXEC == 0 else { return nil }
        return fcntl(number, F_GETFL) & O_ACCMODE != O_RDONLY
    }

    /// Which file it is: two descriptors of one file have the same; nil where it is not open.
    var identity: FileIdentity? {
        var status = stat()
        return fstat(number, &status) == 0 ? FileIdentity(status) : nil
    }
}

/// A file, whatever it is called.
struct FileIdentity: Hashable {
    private let device: dev_t
    private let node: ino_t

    init(_ status: stat) {
        device = status.st_dev
        node = status.st_ino
    }
}
