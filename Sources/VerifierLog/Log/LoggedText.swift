// SPDX-License-Identifier: Apache-2.0

/// Lines that a logger has put into quotes: `level=warning msg="0: (bf) r6 = r1"`, `{"msg":"…\n…"}`.
extension LogBytes {
    private static let marks: [StaticString] = [
        "msg=\"", "\"msg\":\"", "\"message\":\"", "\"msg\": \"", "\"message\": \"",
    ]
    /// How far into a line the text of it may begin.
    private static let longestHead = 400

    /// The texts within the quotes, with what is escaped in them as it was; nil where there are no such lines.
    var unquoted: [UInt8]? {
        let hasFields = firstIndex(of: "msg=\"", in: range) != nil || firstIndex(of: "{\"", in: range) != nil
        guard hasFields || bytes.contains(UInt8(ascii: "\\")) else { return nil }
        var kept: [UInt8] = []
        // Nothing is copied before there is something to take off.
        var copied = 0
        var start = 0
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            let line = start..<end
            let text = hasFields ? startOfQuotedText(in: line) : nil
            if text != nil || isEscapedLog(line) {
                kept.append(contentsOf: bytes[copied..<start])
                appendUnescaped((text ?? start)..<end, isQuoted: text != nil, to: &kept)
                kept.append(Byte.newline)
                copied = min(end + 1, bytes.count)
            }
            start = end + 1
        }
        guard copied > 0 else { return nil }
        kept.append(contentsOf: bytes[copied...])
        return kept
    }

    /// Only lines that a logger began: the verifier prints sources, which may have such a text in them.
    private func startOfQuotedText(in line: Range<Int>) -> Int? {
        let head = line.prefix(Self.longestHead)
        guard
            hasPrefix("{", in: line) || firstIndex(of: "level=", in: head) != nil
                || firstIndex(of: "time=", in: head) != nil || firstIndex(of: "ts=", in: head) != nil
        else { return nil }
        guard !hasPrefix(";", in: line) else { return nil }
        for mark in Self.marks {
            if let sign = firstIndex(of: mark, in: head) { return sign + mark.utf8CodeUnitCount }
        }
        return nil
    }

    /// A whole log on one line.
    private func isEscapedLog(_ line: Range<Int>) -> Bool {
        guard !hasPrefix(";", in: line), firstIndex(of: "\\n", in: line) != nil else { return false }
        return firstIndex(of: " insns (limit ", in: line) != nil || firstIndex(of: " PROG LOAD LOG --", in: line) != nil
    }

    private func appendUnescaped(_ range: Range<Int>, isQuoted: Bool, to kept: inout [UInt8]) {
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            if isQuoted, byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\"), position + 1 < range.upperBound {
                position += 1
                switch bytes[position] {
                case UInt8(ascii: "n"): kept.append(Byte.newline)
                case UInt8(ascii: "t"): kept.append(9)
                case UInt8(ascii: "r"): break
                default: kept.append(bytes[position])
                }
            } else {
                kept.append(byte)
            }
            position += 1
        }
    }
}
