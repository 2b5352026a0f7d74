// SPDX-License-Identifier: Apache-2.0

/// A quoted value of a log's record: `err="program p: load program: …"`, `"log": "0: (bf) r6 = r1"`.
struct LoggedField {
    /// `err`, `log`; the key of the list that the value stands in, where it stands in one.
    let name: Range<Int>
    /// What stands within the quotes, as it is escaped.
    let value: Range<Int>
}

extension LogBytes {
    private static let quote = UInt8(ascii: "\"")
    /// Longer names are none of fields.
    static let longestFieldName = 64
    /// A record with more fields is read as far as these.
    private static let mostFields = 128

    /// Whether there may be fields at all: a quote behind `=`, or one that a key's object, list or comma comes before.
    var mayHaveFields: Bool {
        bytes.withUnsafeBufferPointer { buffer in
            var before: UInt8 = Byte.newline
            for byte in buffer {
                if byte == Self.quote, Self.mayOpen(behind: before) { return true }
                if !Byte.isBlank(byte) || before == UInt8(ascii: "=") { before = byte }
            }
            return false
        }
    }

    private static func mayOpen(behind byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ","), UInt8(ascii: ":"),
            Byte.newline:
            true
        default: false
        }
    }

    /// The quoted values of a line that have a name, in their order: of logfmt, and of JSON on a line of its own or behind
    /// other text. A value that the line ends in has no quote at its end. Sources that the verifier prints have none.
    func fields(in line: Range<Int>) -> [LoggedField] {
        guard !hasPrefix(";", in: line) else { return [] }
        var fields: [LoggedField] = []
        var key: Range<Int>?
        var position = line.lowerBound
        while fields.count < Self.mostFields, let open = nextQuote(from: position, in: line) {
            let value = (open + 1)..<endOfQuoted(from: open + 1, in: line)
            position = min(value.upperBound + 1, line.upperBound)
            if let name = nameBefore(open, in: line) {
                fields.append(LoggedField(name: name, value: value))
                continue
            }
            let next = skippingBlanks(from: position, in: line)
            if next < line.upperBound, bytes[next] == UInt8(ascii: ":") {
                key = value.count <= Self.longestFieldName ? value : nil
                position = next + 1
            } else if let key {
                fields.append(LoggedField(name: key, value: value))
            }
        }
        return fields
    }

    private func nextQuote(from position: Int, in line: Range<Int>) -> Int? {
        bytes.withUnsafeBufferPointer { buffer in
            var position = position
            let end = min(line.upperBound, buffer.count)
            while position < end {
                if buffer[position] == Self.quote { return position }
                position += 1
            }
            return nil
        }
    }

    /// Where the quote that ends a text is, or the line's end.
    private func endOfQuoted(from start: Int, in line: Range<Int>) -> Int {
        var position = start
        while position < line.upperBound {
            if bytes[position] == Self.quote { return position }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return line.upperBound
    }

    /// `err` of `err="`.
    private func nameBefore(_ quote: Int, in line: Range<Int>) -> Range<Int>? {
        guard quote > line.lowerBound, bytes[quote - 1] == UInt8(ascii: "=") else { return nil }
        let end = quote - 1
        var start = end
        while start > line.lowerBound, end - start < Self.longestFieldName, Self.isNameByte(bytes[start - 1]) {
            start -= 1
        }
        return start < end ? start..<end : nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        Byte.digit(byte) != nil || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
