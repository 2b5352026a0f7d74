// SPDX-License-Identifier: Apache-2.0

/// Lines that a logger has put into quotes: `level=warning msg="0: (bf) r6 = r1"`, `{"msg":"…\n…"}`, and records in records,
/// as a container's log has them.
extension LogBytes {
    /// Quotes in quotes in quotes: a record that an agent logged, that a container's log has, that a collector has.
    private static let deepest = 4

    /// The texts within the quotes, with what is escaped in them as it was; nil where there are no such lines.
    var unquoted: [UInt8]? {
        var text = unquotedOnce
        for _ in 1..<Self.deepest {
            guard let once = text, let twice = LogBytes(once).unquotedOnce else { break }
            text = twice
        }
        return text
    }

    private var unquotedOnce: [UInt8]? {
        let hasFields = mayHaveFields
        guard hasFields || bytes.contains(UInt8(ascii: "\\")) else { return nil }
        let choice = hasFields ? FieldChoice(self) : nil
        var kept: [UInt8] = []
        // Nothing is copied before there is something to take off.
        var copied = 0
        var start = 0
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            let line = start..<end
            let next = min(end + 1, bytes.count)
            switch choice?.texts(of: line, in: self) {
            case .texts(let texts):
                kept.append(contentsOf: bytes[copied..<start])
                for text in texts { appendUnescaped(text, to: &kept) }
                copied = next
            case .other:
                kept.append(contentsOf: bytes[copied..<start])
                copied = next
            case .noRecord, nil:
                guard isEscapedLog(line) else { break }
                kept.append(contentsOf: bytes[copied..<start])
                appendUnescaped(line, to: &kept)
                copied = next
            }
            start = end + 1
        }
        guard copied > 0 else { return nil }
        kept.append(contentsOf: bytes[copied...])
        return kept
    }

    /// A whole log on one line.
    private func isEscapedLog(_ line: Range<Int>) -> Bool {
        guard !hasPrefix(";", in: line), firstIndex(of: "\\n", in: line) != nil else { return false }
        return firstIndex(of: " insns (limit ", in: line) != nil || firstIndex(of: " PROG LOAD LOG --", in: line) != nil
            || firstIndex(of: "erifier output: ", in: line) != nil || isInstructionBehindEscape(line)
    }

    /// `…\n12: (79) r1 = …`
    private func isInstructionBehindEscape(_ line: Range<Int>) -> Bool {
        guard let sign = startOfInstruction(in: line), sign > line.lowerBound else { return false }
        return bytes[sign - 1] == UInt8(ascii: "n") || bytes[sign - 1] == UInt8(ascii: "t")
    }

    /// Each text is a line, or several; an end of line at its end is not another.
    private func appendUnescaped(_ range: Range<Int>, to kept: inout [UInt8]) {
        let start = kept.count
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\"), position < range.upperBound else {
                kept.append(byte)
                continue
            }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case UInt8(ascii: "n"): kept.append(Byte.newline)
            case UInt8(ascii: "t"): kept.append(9)
            case UInt8(ascii: "r"): break
            case UInt8(ascii: "u"): position = appendScalar(at: position, in: range, digits: 4, to: &kept)
            case UInt8(ascii: "x"): position = appendScalar(at: position, in: range, digits: 2, to: &kept)
            default: kept.append(escaped)
            }
        }
        if kept.count == start || kept.last != Byte.newline { kept.append(Byte.newline) }
    }

    /// `003e` of `\u003e`, which JSON encoders write for `>`, `<` and `&`; where there are no such digits, the text goes on.
    private func appendScalar(at position: Int, in range: Range<Int>, digits: Int, to kept: inout [UInt8]) -> Int {
        guard position + digits <= range.upperBound else { return position }
        var value: UInt32 = 0
        for offset in 0..<digits {
            guard let digit = Byte.hexadecimal(bytes[position + offset] | 0x20) else { return position }
            value = value << 4 | UInt32(digit)
        }
        // Half of a character beyond the first 65536 is shown as such.
        let scalar = Unicode.Scalar(value) ?? "\u{fffd}"
        kept.append(contentsOf: Array(String(Character(scalar)).utf8))
        return position + digits
    }
}

/// Which fields of a logger's records have the log: those that have something of the verifier's, or of a loader's, in one line at
/// least. Their other lines are of the log too: a message of the verifier's can't be told from others by itself.
struct FieldChoice {
    /// What a line comes to.
    enum Line {
        /// The texts that are meant, in their order.
        case texts([Range<Int>])
        /// A record with nothing of the log in it.
        case other
        case noRecord
    }

    private var names: Set<[UInt8]> = []

    /// Where nothing of the verifier's is in any field.
    private static let usualNames = ["msg", "message", "MESSAGE", "log", "err", "error"].map { Array($0.utf8) }
    private static let mostNames = 16
    /// How far into a text the verifier's or a loader's is looked for.
    private static let longestLook = 1 << 16
    /// How far into a line a logger's own words are looked for.
    private static let longestHead = 400

    init(_ log: LogBytes) {
        var others: Set<[UInt8]> = []
        var start = 0
        while start < log.bytes.count {
            let end = log.endOfLine(from: start, limit: log.bytes.count)
            for field in log.fields(in: start..<end) where names.count < Self.mostNames {
                let name = Array(log.bytes[field.name])
                if names.contains(name) { continue }
                if Self.isLog(field.value, in: log) {
                    names.insert(name)
                } else if others.count < Self.mostNames, log.hasLoaderSign(in: field.value) {
                    others.insert(name)
                }
            }
            start = end + 1
        }
        // Words that anybody may use count where there are no better ones.
        if names.isEmpty { names = others }
    }

    func texts(of line: Range<Int>, in log: LogBytes) -> Line {
        let fields = log.fields(in: line)
        guard !fields.isEmpty else { return .noRecord }
        guard !names.isEmpty else { return usualText(of: fields, of: line, in: log) }
        let meant = fields.filter { names.contains(Array(log.bytes[$0.name])) }
        guard !meant.isEmpty else { return Self.isRecord(line, in: log) ? .other : .noRecord }
        let isOne = meant.allSatisfy { log.bytes[$0.name] == log.bytes[meant[0].name] }
        return .texts(isOne ? meant.map(\.value) : Self.telling(meant, in: log))
    }

    /// Of several fields of one record those that tell something, each error once: `load failed: program p: …`, and a stack that
    /// has it, stand for `program p: …` too.
    private static func telling(_ fields: [LoggedField], in log: LogBytes) -> [Range<Int>] {
        let tellingNames = fields.filter { isLog($0.value, in: log) || log.hasLoaderSign(in: $0.value) }.map(\.name)
        guard !tellingNames.isEmpty else { return fields.map(\.value) }
        let values = fields.filter { field in tellingNames.contains { log.bytes[$0] == log.bytes[field.name] } }.map(
            \.value
        )
        var apart: [Range<Int>] = []
        for value in values.sorted(by: { $0.count > $1.count }) {
            if !apart.contains(where: { has($0, value, in: log) }) { apart.append(value) }
        }
        return apart.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// Whether one text has the other one in it, as an error's stack has its message. Only a few places are looked at, so that
    /// time is linear.
    private static func has(_ text: Range<Int>, _ part: Range<Int>, in log: LogBytes) -> Bool {
        let (wanted, opening) = (log.bytes[part], log.bytes[part.prefix(openingSize)])
        guard let first = opening.first, part.count <= text.count else { return false }
        var places = 0
        for start in text.lowerBound...(text.upperBound - part.count)
        where log.bytes[start] == first && log.bytes[start..<text.upperBound].starts(with: opening) {
            if log.bytes[start..<text.upperBound].starts(with: wanted) { return true }
            places += 1
            if places == mostPlaces { return false }
        }
        return false
    }

    private static let openingSize = 32
    private static let mostPlaces = 8

    private func usualText(of fields: [LoggedField], of line: Range<Int>, in log: LogBytes) -> Line {
        guard Self.isRecord(line, in: log) else { return .noRecord }
        for name in Self.usualNames {
            if let field = fields.first(where: { log.bytes[$0.name].elementsEqual(name) }) {
                return .texts([field.value])
            }
        }
        return .noRecord
    }

    /// A line that a logger began: the verifier prints sources, which may have such a text in them.
    private static func isRecord(_ line: Range<Int>, in log: LogBytes) -> Bool {
        let head = line.prefix(longestHead)
        return log.hasPrefix("{", in: line) || log.firstIndex(of: "level=", in: head) != nil
            || log.firstIndex(of: "time=", in: head) != nil || log.firstIndex(of: "ts=", in: head) != nil
            || log.firstIndex(of: "{\"", in: head) != nil
    }

    static func isLog(_ value: Range<Int>, in log: LogBytes) -> Bool {
        let look = value.prefix(longestLook)
        if log.startOfInstruction(in: look) != nil || log.firstIndex(of: " insns (limit ", in: look) != nil {
            return true
        }
        return signs.contains { log.firstIndex(of: $0, in: look) != nil }
    }

    private static let signs: [StaticString] = [
        " PROG LOAD LOG --", "libbpf: ", "load program: ", "map create: ", "CO-RE relocations: ", "erifier output: ",
        "failed to create map", "(requires >= v",
    ]
}
