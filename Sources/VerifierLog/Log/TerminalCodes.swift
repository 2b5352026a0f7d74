// SPDX-License-Identifier: Apache-2.0

/// Colours that a logger has written for a terminal: `ESC [ 31 m` (ECMA-48, control sequences).
extension LogBytes {
    private static let escape: UInt8 = 0x1b
    /// Longer ones are none.
    private static let longestSequence = 32

    /// The bytes without such sequences; nil where there are none.
    var withoutTerminalCodes: [UInt8]? {
        guard bytes.contains(Self.escape) else { return nil }
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            if let end = endOfTerminalCode(at: position) {
                position = end
            } else {
                kept.append(bytes[position])
                position += 1
            }
        }
        return kept
    }

    private func endOfTerminalCode(at position: Int) -> Int? {
        guard bytes[position] == Self.escape, position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "[")
        else { return nil }
        let limit = min(bytes.count, position + Self.longestSequence)
        var end = position + 2
        // Parameters and intermediate bytes, then the final one.
        while end < limit, (0x20...0x3f).contains(bytes[end]) { end += 1 }
        guard end < limit, (0x40...0x7e).contains(bytes[end]) else { return nil }
        return end + 1
    }
}
