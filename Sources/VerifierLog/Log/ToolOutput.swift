// SPDX-License-Identifier: Apache-2.0

/// What a loader printed when a program was refused: a verifier log as it is, or framed by libbpf's
/// `-- BEGIN PROG LOAD LOG --`, with warnings around it, and perhaps with what a journal put before each line.
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

    private static let opening: StaticString = "-- BEGIN PROG LOAD LOG --"
    private static let closing: StaticString = "-- END PROG LOAD LOG --"
    private static let mostWarnings = 256
    private static let mostParts = 256
    /// How far into a line a frame is looked for: libbpf's name of the program is shorter.
    private static let longestHead = 200

    /// Time is linear in the number of bytes.
    public init(_ bytes: [UInt8]) {
        let all = LogBytes(bytes)
        let text = all.prefixLength > 0 ? LogBytes(all.withoutPrefix(of: all.prefixLength)) : all
        var warnings: [String] = []
        var ranges: [(program: String?, range: Range<Int>)] = []
        var open: (program: String?, start: Int)?
        var hasFrames = false
        var isCut = false
        var start = 0
        while start < text.bytes.count {
            let end = text.endOfLine(from: start, limit: text.bytes.count)
            let line = start..<end
            if let sign = text.firstIndex(of: "-- ", in: start..<min(end, start + Self.longestHead)) {
                if text.hasPrefix(Self.opening, at: sign, in: line) {
                    hasFrames = true
                    open = (Self.program(in: text.text(line)), min(end + 1, text.bytes.count))
                } else if text.hasPrefix(Self.closing, at: sign, in: line), let opened = open {
                    if ranges.count < Self.mostParts { ranges.append((opened.program, opened.start..<start)) }
                    open = nil
                }
            } else if open == nil, text.hasPrefix("libbpf: ", in: line), warnings.count < Self.mostWarnings {
                warnings.append(text.text(line))
            } else if text.hasPrefix("[the log is longer than was asked for", in: line) {
                isCut = true
            }
            start = end + 1
        }
        // A frame that nobody closed goes on to the end.
        if let open { ranges.append((open.program, open.start..<text.bytes.count)) }
        if !hasFrames { ranges = [(nil, text.range)] }
        let cut = isCut
        parts = ranges.map {
            Part(program: $0.program, log: VerifierLog(text.part($0.range), isCut: cut))
        }
        .filter { !$0.log.isEmpty }
        self.warnings = warnings
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
    /// How far the verifier is looked for into a line: a journal's time, host and unit are shorter.
    private static let longestPrefix = 120
    /// How much of the end is looked through for the verifier's last line.
    private static let tailSize = 1 << 20

    /// How many bytes stand before each line of the verifier's that are not its own, as in a journal; told by its last line.
    var prefixLength: Int {
        // Past the end of the line that the tail begins in.
        var start = bytes.count > Self.tailSize ? endOfLine(from: bytes.count - Self.tailSize, limit: bytes.count) : 0
        var found = 0
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            let line = start..<end
            if let sign = firstIndex(of: "processed ", in: start..<min(end, start + Self.longestPrefix)),
                firstIndex(of: " insns (limit ", in: line) != nil
            {
                found = sign - start
            }
            start = end + 1
        }
        return found
    }

    /// Copied only where it is not all.
    func part(_ range: Range<Int>) -> LogBytes { range == self.range ? self : LogBytes(Array(bytes[range])) }

    /// Lines that are shorter are left empty.
    func withoutPrefix(of length: Int) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var start = 0
        while start < bytes.count {
            let end = endOfLine(from: start, limit: bytes.count)
            if end - start >= length { kept.append(contentsOf: bytes[(start + length)..<end]) }
            kept.append(Byte.newline)
            start = end + 1
        }
        return kept
    }
}
