// SPDX-License-Identifier: Apache-2.0

/// What a loader printed when a program was refused: a verifier log as it is, or framed by libbpf's
/// `-- BEGIN PROG LOAD LOG --`, or behind another loader's words, with warnings around it, and perhaps with what a journal put
/// before each line, or in a logger's quotes; or Go's one line in place of a log; or a loader's own words alone.
public struct ToolOutput: Sendable, Hashable {
    /// A verifier log in it.
    public struct Part: Sendable, Hashable {
        /// libbpf names it before the log; nil where nobody does.
        public let program: String?
        public let log: VerifierLog
    }

    /// In their order; empty where there is nothing of the verifier's.
    public let parts: [Part]
    /// libbpf's own lines, without the logs.
    public let warnings: [String]
    /// Lines that may be another loader's; empty where there is a log.
    public let complaints: [String]
    /// How many more logs there are than are kept.
    public let leftOut: Int

    private static let opening: StaticString = "-- BEGIN PROG LOAD LOG --"
    private static let closing: StaticString = "-- END PROG LOAD LOG --"
    private static let mostWarnings = 256
    private static let mostParts = 256
    /// How far into a line a frame is looked for: libbpf's name of the program is shorter.
    private static let longestHead = 200

    /// Time is linear in the number of bytes.
    public init(_ bytes: [UInt8]) {
        let all = LogBytes(bytes)
        let plain = all.withoutTerminalCodes.map { LogBytes($0) } ?? all
        let bare = plain.unquoted.map { LogBytes($0) } ?? plain
        let text = bare.linePrefix.map { LogBytes(bare.without($0)) } ?? bare
        var warnings: [String] = []
        var ranges: [(program: String?, range: Range<Int>)] = []
        var open: (program: String?, start: Int)?
        var hasFrames = false
        var isCut = false
        var leftOut = 0
        func close(at end: Int) {
            guard let opened = open else { return }
            if ranges.count < Self.mostParts {
                ranges.append((opened.program, opened.start..<end))
            } else {
                leftOut += 1
            }
            open = nil
        }
        var start = 0
        while start < text.bytes.count {
            let end = text.endOfLine(from: start, limit: text.bytes.count)
            let line = start..<end
            let head = start..<min(end, start + Self.longestHead)
            if let sign = text.firstIndex(of: "-- ", in: head) {
                if text.hasPrefix(Self.opening, at: sign, in: line) {
                    hasFrames = true
                    close(at: start)
                    open = (Self.program(in: text.text(line)), min(end + 1, text.bytes.count))
                } else if text.hasPrefix(Self.closing, at: sign, in: line) {
                    close(at: start)
                }
            } else if text.isOwnLine(line) {
                // Most lines are.
            } else if let begin = text.startOfForeignLog(line) {
                hasFrames = true
                close(at: start)
                open = (
                    LogSummary.program(before: text.firstIndex(of: LogBytes.summarySign, in: line), in: line, of: text),
                    min(begin, text.bytes.count)
                )
            } else if open == nil, warnings.count < Self.mostWarnings,
                let sign = text.firstIndex(of: "libbpf: ", in: head)
            {
                warnings.append(text.text(sign..<end))
            } else if text.hasPrefix("[the log is longer than was asked for", in: line) {
                isCut = true
            }
            start = end + 1
        }
        // A frame that nobody closed goes on to the end.
        close(at: text.bytes.count)
        if !hasFrames {
            let logs = text.unframedLogs
            leftOut += max(0, logs.count - Self.mostParts)
            ranges = logs.prefix(Self.mostParts).map { (nil, $0) }
        }
        let cut = isCut
        var parts = ranges.map {
            Part(program: $0.program, log: VerifierLog(text.part($0.range), isCut: cut, isForeign: true))
        }
        .filter { !$0.log.isEmpty }
        if parts.isEmpty {
            parts = LogSummary.all(in: bare).compactMap { summary in
                let log = VerifierLog(LogBytes(summary.log), isCut: false, isForeign: true)
                return summary.hasOmission || !log.isEmpty ? Part(program: summary.program, log: log) : nil
            }
        }
        self.parts = parts
        self.warnings = warnings
        complaints = parts.isEmpty ? bare.loaderComplaints : []
        self.leftOut = leftOut
    }

    /// `libbpf: prog 'name': -- BEGIN …`
    private static func program(in line: String) -> String? {
        guard let range = line.firstRange(of: "prog '"), let end = line[range.upperBound...].firstIndex(of: "'") else {
            return nil
        }
        return String(line[range.upperBound..<end])
    }
}

extension VerifierLog {
    /// Nothing in it is of the verifier's.
    public var isEmpty: Bool {
        failure == nil && path.isEmpty && statistics.instructions == nil && lineSamples.isEmpty && !isKnownByWords
    }

    /// A program may be refused before a single instruction was looked at; then only the words tell.
    private var isKnownByWords: Bool {
        guard !messages.isEmpty else { return false }
        return Cause(of: Evidence(refusal: .program, log: self)).code != .unknown
    }
}

extension LogBytes {
    /// Copied only where it is not all.
    func part(_ range: Range<Int>) -> LogBytes { range == self.range ? self : LogBytes(Array(bytes[range])) }

    /// The verifier's own: `12: (79) r1 = …`, `; x = y;`.
    func isOwnLine(_ line: Range<Int>) -> Bool {
        if hasPrefix(";", in: line) { return true }
        guard let (_, end) = number(at: line.lowerBound, in: line) else { return false }
        return hasPrefix(": ", at: end, in: line)
    }

    /// Where a log begins that another loader has put behind its own words: on the next line after cilium/ebpf's
    /// `load program: permission denied:` (`%+v` of its error), on the same one after aya's `Verifier output: `. nil where none does.
    func startOfForeignLog(_ line: Range<Int>) -> Int? {
        if let sign = firstIndex(of: Self.outputSign, in: line) { return sign + Self.outputSign.utf8CodeUnitCount }
        guard let last = trimmed(line).last, bytes[last] == UInt8(ascii: ":"), isSummary(line) else { return nil }
        return line.upperBound + 1
    }

    private static let outputSign: StaticString = "erifier output: "

    /// Logs one after the other, told by the statistics that each ends with.
    var unframedLogs: [Range<Int>] {
        var logs: [Range<Int>] = []
        var first = 0
        var start = 0
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            if hasPrefix("processed ", in: start..<end), startOfStatistics(behindMessage: start..<end) == start {
                logs.append(first..<min(end + 1, bytes.count))
                first = min(end + 1, bytes.count)
            }
            start = end + 1
        }
        if first < bytes.count { logs.append(first..<bytes.count) }
        return logs
    }
}
