// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The kernel that this process runs on.
enum HostKernel {
    /// As `uname -r` says it; empty where it does not.
    static var release: String {
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
