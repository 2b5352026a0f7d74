// SPDX-License-Identifier: Apache-2.0

/// One line instead of a log, as Go's library prints an error (`VerifierError.Error()` in cilium/ebpf):
/// `program tail: load program: permission denied: 2908: (69) r5 = *(u16 *)(r1 +36): R1 invalid mem access 'scalar' (4703
/// line(s) omitted)`.
struct LogSummary {
    let program: String?
    /// Its lines, as the verifier printed them.
    let log: [UInt8]
    /// It says that there was more: then it is of a log for sure.
    let hasOmission: Bool

    private static let most = 256

    static func all(in text: LogBytes) -> [LogSummary] {
        var found: [LogSummary] = []
        var start = 0
        while start < text.bytes.count, found.count < most {
            let end = text.endOfLine(from: start, limit: text.bytes.count)
            if let sign = text.firstIndex(of: LogBytes.summarySign, in: start..<end),
                let summary = LogSummary(text, start..<end, sign)
            {
                found.append(summary)
            }
            start = end + 1
        }
        return found
    }

    private init?(_ text: LogBytes, _ line: Range<Int>, _ sign: Int) {
        let after = sign + LogBytes.summarySign.utf8CodeUnitCount
        // The error's own name comes first.
        guard let colon = text.firstIndex(of: ": ", in: after..<line.upperBound) else { return nil }
        let said = text.text((colon + 2)..<line.upperBound)
        let omission = !said.contains("omitted") ? nil : said.firstMatch(of: #/ \(\d+ line\(s\) omitted\)/#)
        hasOmission = omission != nil
        var words = omission.map { String(said[..<$0.range.lowerBound]) } ?? said
        guard !words.isEmpty else { return nil }
        if let match = words.firstMatch(of: #/^\d+: \([0-9a-f]{2}\) [^:]*(: )/#) {
            words.replaceSubrange(match.1.startIndex..<match.1.endIndex, with: "\n")
        }
        log = Array((words + "\n").utf8)
        program = Self.program(before: sign, in: line, of: text)
    }

    /// `tail` of `field Tail: program tail: load program: …`; nil where nobody is named.
    ///
    /// - Parameter sign: where `load program: ` is in the line.
    static func program(before sign: Int?, in line: Range<Int>, of text: LogBytes) -> String? {
        guard let sign else { return nil }
        return text.text(line.lowerBound..<sign).firstMatch(of: #/(?:^|[ "])program ([^ :"]+):$/#).map { String($0.1) }
    }
}

extension LogBytes {
    static let summarySign: StaticString = "load program: "

    func isSummary(_ range: Range<Int>) -> Bool { firstIndex(of: Self.summarySign, in: range) != nil }

    /// All lines from `start` on; statistics are lines of their own.
    func lines(from start: Int) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = start
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            let sign = startOfStatistics(behindMessage: start..<end) ?? start
            if sign > start { lines.append(start..<sign) }
            if sign < end { lines.append(sign..<end) }
            start = end + 1
        }
        return lines
    }

    /// Where the statistics begin that follow a message on the same line: 7.x forgets some newlines.
    func startOfStatistics(behindMessage line: Range<Int>) -> Int? {
        if let sign = firstIndex(of: "verification time ", in: line),
            let (_, end) = number(at: sign + 18, in: line), hasPrefix(" usec", at: end, in: line)
        {
            return sign
        }
        if let sign = firstIndex(of: "processed ", in: line), let (_, end) = number(at: sign + 10, in: line),
            hasPrefix(" insns (limit ", at: end, in: line)
        {
            return sign
        }
        return nil
    }
}
