// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A suite's Release file, as far as its own age goes (https://wiki.debian.org/DebianRepository/Format).
struct ReleaseFile: Hashable {
    /// The name that the archive gives to the suite now: `unstable`.
    let suite: String
    /// Until when the archive vouches for it; nil where it sets no end.
    let validUntil: Date?

    init(_ text: String) {
        func field(_ name: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix("\(name): ") }
                .map { String($0.dropFirst(name.count + 2)) }
        }
        suite = field("Suite") ?? field("Codename") ?? ""
        validUntil = field("Valid-Until").flatMap(Self.date)
    }

    /// What to tell the user of it; nil where it is within its date.
    func staleness(now: Date = Date()) -> String? {
        guard let validUntil, validUntil < now else { return nil }
        let day = validUntil.formatted(.iso8601.year().month().day())
        return "the archive's index of \(suite) is signed, but was only meant to be used until \(day): the mirror lags "
            + "behind, and newer kernels may exist (--strict refuses it)"
    }

    /// `Fri, 06 Nov 2026 08:08:01 UTC`, or with `+0000`.
    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text.replacing("+0000", with: "UTC"))
    }
}
