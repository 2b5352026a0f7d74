// SPDX-License-Identifier: Apache-2.0

/// As much of a log as results have: all of it, or its beginning and its end, where the reason is.
public struct LogExcerpt: Sendable, Hashable {
    /// Bytes that are not UTF-8 are replaced.
    public let text: String
    /// Whether a part in the middle is missing; a line there says how much.
    public let isCut: Bool

    /// A log of no more bytes is whole.
    public static let mostBytes = 32 << 10
    private static let beginning = 8 << 10
    private static let end = 24 << 10

    public init(_ log: [UInt8]) {
        guard log.count > Self.mostBytes else {
            text = String(decoding: log, as: UTF8.self)
            isCut = false
            return
        }
        let newline = UInt8(ascii: "\n")
        // At the ends of lines, where lines are no longer than an excerpt.
        let head = log[..<Self.beginning]
        let tail = log[(log.count - Self.end)...]
        let first = head.lastIndex(of: newline).map { head[...$0] } ?? head
        let last = tail.firstIndex(of: newline).map { tail[($0 + 1)...] } ?? tail
        let kept = last.isEmpty ? tail : last
        let missing = log.count - first.count - kept.count
        text =
            String(decoding: first, as: UTF8.self) + (first.last == newline ? "" : "\n")
            + "\(Self.mark)\(missing) bytes are left out]\n" + String(decoding: kept, as: UTF8.self)
        isCut = true
    }

    private static let mark = "[… "
}
