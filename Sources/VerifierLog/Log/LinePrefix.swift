// SPDX-License-Identifier: Apache-2.0

/// What a journal, `grep -n` or an indentation puts before each line of a log: time, host, unit, number. Its words and
/// numbers change from line to line, and their lengths with them; what stands between them does not.
struct LinePrefix: Equatable {
    private enum Piece: Equatable {
        case word
        /// Any number of them: numbers are set flush right.
        case blanks
        case byte(UInt8)
    }

    private let pieces: [Piece]
    /// A log's own lines may begin with blanks, so those before them are counted.
    private let indentation: [UInt8]

    /// nil for what is no prefix.
    init?(_ bytes: ArraySlice<UInt8>) {
        // A word that goes on without a blank is the line's own: `tail callprocessed 4 insns`.
        guard let last = bytes.last, !Self.isWord(last) else { return nil }
        indentation = Array(bytes.reversed().prefix { Byte.isBlank($0) }.reversed())
        var pieces: [Piece] = []
        for byte in bytes.dropLast(indentation.count) {
            let piece: Piece = Self.isWord(byte) ? .word : Byte.isBlank(byte) ? .blanks : .byte(byte)
            if case .byte = piece { pieces.append(piece) } else if pieces.last != piece { pieces.append(piece) }
        }
        self.pieces = pieces
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        Byte.digit(byte) != nil || byte >= 0x80
            || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    /// Where the line's own text begins; nil where it has no such prefix.
    func end(in line: Range<Int>, of bytes: [UInt8]) -> Int? {
        var position = line.lowerBound
        func skip(_ isMeant: (UInt8) -> Bool) {
            while position < line.upperBound, isMeant(bytes[position]) { position += 1 }
        }
        for piece in pieces {
            switch piece {
            case .word:
                let start = position
                skip(Self.isWord)
                if position == start { return nil }
            case .blanks: skip(Byte.isBlank)
            case .byte(let byte):
                guard position < line.upperBound, bytes[position] == byte else { return nil }
                position += 1
            }
        }
        guard line.upperBound - position >= indentation.count else {
            // What is empty but for the prefix has lost its blanks to an editor.
            return position == line.upperBound && !pieces.isEmpty ? position : nil
        }
        for (offset, byte) in indentation.enumerated() where bytes[position + offset] != byte { return nil }
        return position + indentation.count
    }
}

extension LogBytes {
    /// How far the verifier is looked for into a line: a journal's time, host and unit are shorter.
    private static let longestPrefix = 120
    /// How far a loader's words are looked for.
    private static let longestHead = 400
    /// How much of the end is looked through for the verifier's last line.
    private static let tailSize = 1 << 20

    /// What stands before each line of the verifier's, told by its last one: that with the statistics, or else the last
    /// instruction. nil where nothing does.
    var linePrefix: LinePrefix? {
        // Past the end of the line that the tail begins in.
        var start = bytes.count > Self.tailSize ? endOfLine(from: bytes.count - Self.tailSize, limit: bytes.count) : 0
        var statistics: Range<Int>?
        var instruction: Range<Int>?
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            let head = start..<min(end, start + Self.longestPrefix)
            if let sign = firstIndex(of: "processed ", in: head),
                firstIndex(of: " insns (limit ", in: start..<end) != nil
            {
                statistics = start..<sign
            } else if let sign = startOfInstruction(in: head) {
                instruction = start..<sign
            }
            start = end + 1
        }
        guard let prefix = statistics ?? instruction, !isSummary(prefix) else { return nil }
        return LinePrefix(bytes[prefix])
    }

    /// The number of `12: (79) `.
    func startOfInstruction(in range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while let sign = firstIndex(of: ": (", in: position..<range.upperBound) {
            position = sign + 1
            guard sign + 7 <= range.upperBound, bytes[sign + 5] == UInt8(ascii: ")"),
                bytes[sign + 6] == UInt8(ascii: " "), Byte.hexadecimal(bytes[sign + 3]) != nil,
                Byte.hexadecimal(bytes[sign + 4]) != nil
            else { continue }
            var start = sign
            while start > range.lowerBound, Byte.digit(bytes[start - 1]) != nil { start -= 1 }
            if start < sign { return start }
        }
        return nil
    }

    /// Lines that have not the prefix were written by somebody else; of those only libbpf's frames and warnings are kept.
    func without(_ prefix: LinePrefix) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var start = 0
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            let line = start..<end
            if let own = prefix.end(in: line, of: bytes) {
                kept.append(contentsOf: bytes[own..<end])
                kept.append(Byte.newline)
            } else if isLoaders(line.prefix(Self.longestHead)) {
                kept.append(contentsOf: bytes[line])
                kept.append(Byte.newline)
            }
            start = end + 1
        }
        return kept
    }

    private func isLoaders(_ line: Range<Int>) -> Bool {
        firstIndex(of: "libbpf: ", in: line) != nil || firstIndex(of: " PROG LOAD LOG --", in: line) != nil
            || startOfForeignLog(line) != nil
    }
}
