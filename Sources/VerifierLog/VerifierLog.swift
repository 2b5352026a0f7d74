// SPDX-License-Identifier: Apache-2.0

/// What the verifier printed about one program, as far as its end tells: kernel/bpf/verifier.c, `bpf_check` and
/// `print_verification_stats`.
///
/// What decides comes last, so only the last 64 KiB are looked at: a log may have 64 MiB.
public struct VerifierLog: Sendable, Hashable {
    /// The lines at the end, blank ones left out.
    public let lastLines: [String]
    public let statistics: VerifierStatistics

    private static let tailSize = 64 << 10

    public init(_ bytes: [UInt8]) {
        let tail = bytes.suffix(Self.tailSize)
        lastLines = tail.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == 0 })
            .map { String(decoding: $0, as: UTF8.self) }
            .filter { !$0.allSatisfy(\.isWhitespace) }
        statistics = VerifierStatistics(lastLines)
    }

    /// The verifier's last word before its statistics: why it refused. nil where it said nothing.
    public var finalMessage: String? {
        lastLines.last { !VerifierStatistics.isStatistics($0) && !Self.isTrace($0) }?.trimmedAtEnd
    }

    /// The C that was being verified last: `event.sector = rq->sector; @ biosnoop.bpf.c:181`, the place from Linux 6.9
    /// on. nil where the object has no line information, or the log none of it.
    public var sourceLine: String? {
        guard let line = lastLines.last(where: { $0.hasPrefix("; ") }) else { return nil }
        let text = String(line.dropFirst(2)).trimmedAtEnd
        return text.isEmpty ? nil : text
    }

    /// Source lines (`; x = y;`), instructions (`12: (85) call …`), and the registers printed between them: the way to
    /// the failure, and not the failure.
    static func isTrace(_ line: String) -> Bool {
        if line.hasPrefix(";") || line.hasPrefix("from ") || line.hasPrefix("last_idx") { return true }
        let afterNumber = line.drop { $0.isNumber }
        return afterNumber.startIndex != line.startIndex && afterNumber.hasPrefix(": ")
    }
}

/// How much work a program was to the verifier. Each is nil where this kernel did not print it.
public struct VerifierStatistics: Sendable, Hashable {
    /// Instructions processed: those of every path.
    public var instructions: Int?
    public var totalStates: Int?
    public var peakStates: Int?
    /// Bytes of stack, over all of the program's functions.
    public var stackDepth: Int?

    init(_ lines: [String]) {
        for line in lines {
            if line.hasPrefix("processed ") {
                instructions = Self.number(after: "processed ", in: line)
                totalStates = Self.number(after: "total_states ", in: line)
                peakStates = Self.number(after: "peak_states ", in: line)
            } else if line.hasPrefix(Self.stackOpening) {
                stackDepth = Self.stackDepth(line.dropFirst(Self.stackOpening.count))
            }
        }
    }

    private static let stackOpening = "stack depth "

    static func isStatistics(_ line: String) -> Bool {
        ["processed ", "insns processed ", stackOpening, "verification time "].contains { line.hasPrefix($0) }
    }

    /// `16`, or `0+8+16` with a number for each function; newer kernels may say more after it.
    private static func stackDepth(_ text: Substring) -> Int? {
        let numbers = text.prefix { $0.isNumber || $0 == "+" }.split(separator: "+").compactMap { Int($0) }
        guard !numbers.isEmpty else { return nil }
        return numbers.reduce(0) { sum, next in
            let (value, overflow) = sum.addingReportingOverflow(next)
            return overflow ? Int.max : value
        }
    }

    private static func number(after words: String, in line: String) -> Int? {
        guard let range = line.firstRange(of: words) else { return nil }
        return Int(line[range.upperBound...].prefix { $0.isNumber })
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        guard let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(self[...last])
    }
}
