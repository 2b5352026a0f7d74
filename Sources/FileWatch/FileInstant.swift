// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// A point in time by the clock that the kernel stamps files with.
public struct FileInstant: Sendable, Hashable, Comparable {
    private let seconds: Int
    private let nanoseconds: Int

    /// As a file would be stamped that changes now.
    public static var now: FileInstant {
        var time = timespec()
        // The coarse clock, since file systems take no other; the fine one is up to some milliseconds ahead of it.
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return FileInstant(time)
    }

    /// When a file has last become another: its contents, its name, or what a link leads to; nil where it is not there.
    public init?(ofChange path: FilePath) {
        var (target, link) = (stat(), stat())
        guard stat(path.string, &target) == 0, lstat(path.string, &link) == 0 else { return nil }
        self = max(FileInstant(target.st_ctim), FileInstant(link.st_ctim))
    }

    private init(_ time: timespec) {
        seconds = time.tv_sec
        nanoseconds = time.tv_nsec
    }

    /// Whether a file may have become another since. Also where it is not there, and where its file system has no fractions
    /// of a second and it changed in this one.
    public func mayPrecedeChange(of path: FilePath) -> Bool {
        guard let change = FileInstant(ofChange: path) else { return true }
        return change >= self || change.seconds == seconds && change.nanoseconds == 0
    }

    public static func < (left: FileInstant, right: FileInstant) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
