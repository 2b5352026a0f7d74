// SPDX-License-Identifier: Apache-2.0

/// A line as the kernel words it, with holes where it puts values: `R# invalid mem access '…'`.
///
/// `#` is a number: decimal, with a sign or not, or hexadecimal after `0x`. `…` is any text, up to the first place where
/// what follows it in the wording goes on. Everything else stands for itself, and the whole line must fit: a message quoted
/// in another line is not that message.
struct Wording: Sendable, Hashable, ExpressibleByStringLiteral {
    private enum Piece: Sendable, Hashable {
        case text([UInt8])
        case number
        case anything
    }

    private let pieces: [Piece]

    /// The kernel formats a message in 1024 bytes (`BPF_VERIFIER_TMP_LOG_SIZE`); names from objects, in libbpf's, may be longer.
    private static let longestLine = 8192

    init(stringLiteral text: String) {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        func close() {
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = []
        }
        for character in text {
            switch character {
            case "#":
                close()
                pieces.append(.number)
            case "…":
                close()
                pieces.append(.anything)
            // The kernel's own `#`, as in `func#1`.
            case "♯": literal.append(UInt8(ascii: "#"))
            default: literal += Array(String(character).utf8)
            }
        }
        close()
        self.pieces = pieces
    }

    /// A line that it matches: 7 for every number, `x` for every text.
    var sample: String {
        pieces.map { piece in
            switch piece {
            case .text(let text): String(decoding: text, as: UTF8.self)
            case .number: "7"
            case .anything: "x"
            }
        }.joined()
    }

    /// What the holes are filled with, in their order; nil where the line is another.
    func match(_ line: String) -> [String]? {
        // Most lines are another one from the first letter on.
        if case .text(let text)? = pieces.first, !line.utf8.starts(with: text) { return nil }
        guard line.utf8.count <= Self.longestLine else { return nil }
        let bytes = Array(line.utf8)
        var position = 0
        var values: [String] = []
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .text(let text):
                guard bytes[position...].starts(with: text) else { return nil }
                position += text.count
            case .number:
                let end = Self.endOfNumber(in: bytes, from: position)
                guard end > position else { return nil }
                values.append(String(decoding: bytes[position..<end], as: UTF8.self))
                position = end
            case .anything:
                let end =
                    index + 1 < pieces.count ? end(ofTextBefore: index + 1, in: bytes, from: position) : bytes.count
                guard let end else { return nil }
                values.append(String(decoding: bytes[position..<end], as: UTF8.self))
                position = end
            }
        }
        return position == bytes.count ? values : nil
    }

    /// Where the piece at `index` goes on; the last place of it where it must end the line.
    private func end(ofTextBefore index: Int, in bytes: [UInt8], from position: Int) -> Int? {
        guard case .text(let text) = pieces[index] else { return position }
        if index == pieces.count - 1 {
            let end = bytes.count - text.count
            return end >= position && bytes[end...].starts(with: text) ? end : nil
        }
        var start = position
        while start + text.count <= bytes.count {
            if bytes[start...].starts(with: text) { return start }
            start += 1
        }
        return nil
    }

    private static func endOfNumber(in bytes: [UInt8], from start: Int) -> Int {
        var position = start
        func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        func isHexadecimal(_ byte: UInt8) -> Bool {
            isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        if bytes[position...].starts(with: Array("0x".utf8)) {
            let digits = bytes[(position + 2)...].prefix { isHexadecimal($0) }
            return digits.isEmpty ? start : digits.endIndex
        }
        let digits = bytes[position...].prefix { isDigit($0) }
        return digits.isEmpty ? start : digits.endIndex
    }
}
