// SPDX-License-Identifier: Apache-2.0

/// A log's bytes, read where they lie: lines are ranges, and only what matters becomes a `String`.
struct LogBytes: Sendable {
    let bytes: [UInt8]

    /// Longer texts are cut: a line may be as long as the log.
    private static let longestText = 1 << 12

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var range: Range<Int> { bytes.indices }

    /// Where the line that begins at `start` ends, its newline not included. NUL ends a line too: the kernel's buffer may
    /// have come with what was in it before.
    func endOfLine(from start: Int, limit: Int) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            var position = start
            let end = min(limit, buffer.count)
            while position < end {
                let byte = buffer[position]
                if byte == Byte.newline || byte == 0 { return position }
                position += 1
            }
            return max(end, start)
        }
    }

    func hasPrefix(_ text: StaticString, at position: Int, in range: Range<Int>) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position >= range.lowerBound, position + count <= range.upperBound else { return false }
        return text.withUTF8Buffer { wanted in
            for offset in 0..<count where bytes[position + offset] != wanted[offset] { return false }
            return true
        }
    }

    func hasPrefix(_ text: StaticString, in range: Range<Int>) -> Bool {
        hasPrefix(text, at: range.lowerBound, in: range)
    }

    /// The first place of `text` in `range`. `text` is short: time is linear in `range`.
    func firstIndex(of text: StaticString, in range: Range<Int>) -> Int? {
        let count = text.utf8CodeUnitCount
        guard count > 0, range.count >= count else { return nil }
        let first = text.withUTF8Buffer { $0[0] }
        for position in range.lowerBound...(range.upperBound - count)
        where bytes[position] == first && hasPrefix(text, at: position, in: range) {
            return position
        }
        return nil
    }

    /// A decimal number at `position`: its value and where it ends. nil where there is none, or it has more than nine digits.
    func number(at position: Int, in range: Range<Int>) -> (value: Int, end: Int)? {
        var end = position
        var value = 0
        while end < range.upperBound, let digit = Byte.digit(bytes[end]) {
            guard end - position < 9 else { return nil }
            value = value * 10 + digit
            end += 1
        }
        return end > position ? (value, end) : nil
    }

    func skippingBlanks(from position: Int, in range: Range<Int>) -> Int {
        var position = position
        while position < range.upperBound, Byte.isBlank(bytes[position]) { position += 1 }
        return position
    }

    func isBlank(_ range: Range<Int>) -> Bool { skippingBlanks(from: range.lowerBound, in: range) == range.upperBound }

    func trimmed(_ range: Range<Int>) -> Range<Int> {
        let start = skippingBlanks(from: range.lowerBound, in: range)
        var end = range.upperBound
        while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// Without blanks around it; bytes that are not UTF-8 are shown as such.
    func text(_ range: Range<Int>) -> String {
        let range = trimmed(range)
        return String(decoding: bytes[range.prefix(Self.longestText)], as: UTF8.self)
    }
}

enum Byte {
    static let newline = UInt8(ascii: "\n")

    static func digit(_ byte: UInt8) -> Int? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? Int(value) : nil
    }

    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == 9 || byte == 13 }
}
