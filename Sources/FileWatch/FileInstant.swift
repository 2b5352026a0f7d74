// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// A point in time by the clock that the kernel stamps files with.
public struct FileInstant: Sendable, Hashable {
    private let seconds: Int
    private let nanoseconds: Int

    /// As a file would be stamped that changes now.
    public static var now: FileInstant {
        var time = timespec()
        // The coarse clock, since file systems take no other; the fine one is up to some milliseconds ahead of it.
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return FileInstant(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// Whether a file may have become another since: its contents, its name, or what a link leads to. Also where it is not
    /// there.
    public func mayPrecedeChange(of path: FilePath) -> Bool {
        [stat, lstat].contains { look in
            var status = Glibc.stat()
            guard look(path.string, &status) == 0 else { return true }
            let (changed, fraction) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
            return changed > seconds || changed == seconds && fraction >= nanoseconds
        }
    }
}
