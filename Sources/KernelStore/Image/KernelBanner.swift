// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `Linux version 6.1.0 (…`: the banner that every kernel carries (init/version-timestamp.c).
enum KernelBanner {
    private static let opening = Array("Linux version ".utf8)
    /// `__NEW_UTS_LEN` (include/uapi/linux/utsname.h), with room to spare.
    private static let longestRelease = 128

    /// `uname -r`; nil where there is no banner.
    static func release(in bytes: [UInt8]) -> String? {
        for start in bytes.offsets(of: opening) {
            let word = bytes[(start + opening.count)...].prefix(longestRelease).prefix { $0 > 0x20 && $0 < 0x7f }
            // Others begin like it, with a `%s` in the place of the release.
            if word.first.map({ (0x30...0x39).contains($0) }) == true { return String(decoding: word, as: UTF8.self) }
        }
        return nil
    }
}

extension [UInt8] {
    /// Where these bytes are found, one place after the other.
    ///
    /// By libc, which goes through the tens of megabytes of a kernel in milliseconds.
    func offsets(of pattern: [UInt8]) -> some Sequence<Int> {
        sequence(state: 0) { (from: inout Int) -> Int? in
            let start = from
            let found = self.withUnsafeBytes { whole -> Int? in
                guard let base = whole.baseAddress, let first = pattern.first else { return nil }
                var place = start
                while place + pattern.count <= whole.count {
                    let left = whole.count - pattern.count + 1 - place
                    guard let hit = memchr(base + place, Int32(first), left) else { return nil }
                    place = UnsafeRawPointer(hit) - base
                    if memcmp(hit, pattern, pattern.count) == 0 { return place }
                    place += 1
                }
                return nil
            }
            from = (found ?? self.count) + 1
            return found
        }
    }
}
