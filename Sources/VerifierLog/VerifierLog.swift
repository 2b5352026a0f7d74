// SPDX-License-Identifier: Apache-2.0

/// What the verifier printed about one program: why it refused, at which instruction, what registers held there, and by which
/// way it came there. kernel/bpf/verifier.c and log.c, 5.10 to 7.x; libbpf's texts in the place of what it could not resolve.
///
/// A value that no longer needs the log itself, which may have 64 MiB. Reading takes time linear in the log's size.
public struct VerifierLog: Sendable, Hashable {
    /// What was said after the last instruction that was looked at, and before the statistics: the reason for a refusal, in one
    /// line or several. Empty where nothing was said, or where the kernel cut that off.
    public let messages: [String]
    /// The lines at the end, without blank ones and the kernel's report.
    public let lastLines: [String]
    public let statistics: VerifierStatistics
    /// The instruction that was refused; nil where the reason is none of a single one, or the log has none.
    public let failure: LoggedStep?
    /// Where the reference was taken that the messages complain of.
    public let acquisition: LoggedStep?
    /// What the instruction and the messages name, and what it held then; those of the messages first.
    public let registers: [LoggedRegister]
    /// The turns that led to the failure, in the order in which they were taken.
    public let path: [LoggedTurn]
    /// How many more turns came before `path`.
    public let earlierTurns: Int
    /// The log is not all that the verifier said: its end, and with it the reason, is missing.
    public let isCut: Bool
    /// What the kernel itself says of the refusal besides its log; nil where it has no such report, which is before 7.3.
    public let report: KernelReport?
    /// Some instructions, and the line of C that the kernel printed for each: whoever knows the program's lines from elsewhere
    /// can see whether it is the same program.
    public let lineSamples: [LoggedStep]

    /// What stands at the end of a log that the kernel cut, where it is kept as text.
    public static let cutNote = "[the log is longer than was asked for; the kernel cut it]"

    private static let tailSize = 64 << 10

    /// - Parameter isCut: the kernel had more to say than there was room for. From 6.4 on the end is kept and the beginning
    ///   lost; before it is the other way round, and the last line may be half a line.
    public init(_ bytes: [UInt8], isCut: Bool = false) {
        self.init(LogBytes(bytes), isCut: isCut)
    }

    /// - Parameter isForeign: it may have others' lines below it.
    init(_ log: LogBytes, isCut: Bool, isForeign: Bool = false) {
        let reader = LogReader(log, in: log.range, isForeign: isForeign)
        let reading = LogReading(reader, log)
        statistics = VerifierStatistics(reader.statistics.map { log.text($0) })
        // The reason of a log whose end was cut, from a load that logs no instructions: where it is from is lost.
        let cut = reading.messages.firstIndex(of: Self.cutNote)
        let said = cut.map { Array(reading.messages[($0 + 1)...]) } ?? reading.messages
        self.isCut = isCut && statistics.instructions == nil
        // Half a line is no reason.
        messages = self.isCut ? [] : said
        let isPlaceKnown = !self.isCut && cut == nil
        failure = isPlaceKnown ? reading.failure : nil
        acquisition = cut == nil ? reading.acquisition : nil
        registers = isPlaceKnown ? reading.registers(named: messages) : []
        (path, earlierTurns) = reading.turns
        lineSamples = reading.lineSamples
        self.report = reader.report.map { KernelReport(log, in: $0) }
        // What a report quotes of the program is no line of the log.
        let report = reader.report ?? 0..<0
        lastLines = log.lines(from: max(0, log.bytes.count - Self.tailSize))
            .filter { !report.contains($0.lowerBound) }
            .map { String(decoding: log.bytes[$0], as: UTF8.self) }
            .filter { !$0.allSatisfy(\.isWhitespace) }
    }

    /// The verifier's last word before its statistics: why it refused. nil where it said nothing.
    public var finalMessage: String? { messages.last }

    /// The C that was being verified last: `event.sector = rq->sector; @ biosnoop.bpf.c:181`, the place from Linux 6.9
    /// on. nil where the object has no line information, or the log none of it.
    public var sourceLine: String? { failure?.source?.description }
}

/// An instruction that the verifier looked at, and where it came from.
public struct LoggedStep: Sendable, Hashable {
    /// Counted from the program's start, wide instructions twice, as the kernel does.
    public let index: Int
    /// As `bpftool prog dump` spells it: `r1 = *(u64 *)(r1 +8)`; nil where the log does not show it.
    public let text: String?
    /// nil where the log does not tell.
    public let source: LoggedSource?
    /// How many functions deep; 0 is the program itself.
    public let depth: Int
}

/// A line of C as a log has it.
public struct LoggedSource: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    /// From Linux 6.9 on: the file's name without folders.
    public let file: String?
    public let line: Int?

    /// `x = y; @ file.c:12`
    init?(_ text: String) {
        let place = text.lastIndex(of: "@").flatMap { sign -> (text: Substring, file: Substring, line: Int)? in
            let before = text[..<sign]
            guard before.isEmpty || before.hasSuffix(" "), let colon = text[sign...].lastIndex(of: ":"),
                let line = Int(text[text.index(after: colon)...]), line >= 0
            else { return nil }
            let file = text[text.index(after: sign)..<colon].drop { $0 == " " }
            return file.isEmpty ? nil : (before, file, line)
        }
        let words = place?.text ?? text[...]
        self.text = words.lastIndex { !$0.isWhitespace }.map { String(words[...$0]) } ?? ""
        file = place.map { String($0.file) }
        line = place?.line
        if self.text.isEmpty && file == nil { return nil }
    }

    public var description: String {
        guard let file, let line else { return text }
        return "\(text) @ \(file):\(line)"
    }
}

/// A register where the program was refused.
public struct LoggedRegister: Sendable, Hashable {
    /// `R1`
    public let name: String
    /// The verifier's reason names it.
    public let isNamedByMessage: Bool
    /// What it held, as the kernel spells it; nil where it was not printed since it was written.
    public let spelling: String?
    /// The same for people; nil where the spelling is not known.
    public let words: String?
    /// Where the value was made: moves, spills and calls that handed it on are looked through. nil where the log does not
    /// tell.
    public let origin: LoggedStep?
}

/// One turn on the way to the failure.
public struct LoggedTurn: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, Codable {
        case branch
        case call
        case `return`
        /// Its last round follows.
        case loop
    }

    public let kind: Kind
    /// Where it was taken; for a loop, the instruction that first went back.
    public let step: LoggedStep
    /// Where it led; for a loop, its first instruction.
    public let next: LoggedStep
    /// Rounds of a loop, the last, which may not be whole, included; otherwise 1.
    public let times: Int
}
