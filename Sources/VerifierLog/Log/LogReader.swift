// SPDX-License-Identifier: Apache-2.0

/// Goes through a log once, from its first line to its last, and keeps the way that led to its end.
///
/// At the usual level the kernel itself takes back what it printed of a branch once that is done with, so a log is the way to
/// the failure. At the level of everything (2) it has all that was tried; then the way is what remains when each branch
/// that is taken up again (`from 8 to 14:`) takes the place of what was tried since. Each step is put on the way once and
/// taken off it at most once: time is linear in the log's size, whatever is in it.
struct LogReader {
    let log: LogBytes
    private(set) var path: [LogStep] = []
    private(set) var sources: [LogSource] = []
    /// Lines after the last instruction that nothing else explains.
    private(set) var messages: [Range<Int>] = []
    /// What `check_cfg()` said of single instructions.
    private(set) var sourcesOfInstructions: [Int: Range<Int>] = [:]
    private(set) var statistics: [Range<Int>] = []
    /// The log begins elsewhere than the program, or a branch goes on from where it never was.
    private(set) var isPathWhole = true
    /// Everything that was tried has been found safe by now.
    private(set) var hasEnded = false
    /// The kernel's own report on the refusal, which is none of the log (`KernelReport`).
    private(set) var report: Range<Int>?

    private var source: Int32 = -1
    private var isSourceOwn = false
    private var depth: UInt8 = 0
    private var isInPrecision = false
    /// `callee:` and the like: the states that follow are of a call that was made.
    private var isAfterFrames = false
    /// The verifier has said all: until its next instruction, nothing is a reason.
    private var isOver = false

    /// A log may end in any number of lines; a reason takes few.
    private static let mostMessages = 32
    private static let mostSources = 1 << 20

    /// - Parameter isForeign: others may have written below the log; what stands after an empty line is theirs.
    init(_ log: LogBytes, in range: Range<Int>, isForeign: Bool = false) {
        self.log = log
        var start = range.lowerBound
        var isAfterEmptyLine = true
        while start < range.upperBound {
            let end = log.endOfLine(from: start, limit: range.upperBound)
            if isAfterEmptyLine, report == nil, log.hasPrefix(KernelReport.opening, in: start..<end) {
                start = takeReport(from: start, limit: range.upperBound)
                // The kernel may go on to a second line of its reason; who has written below a log, does not.
                isOver = isForeign
                continue
            }
            isAfterEmptyLine = end == start
            if end > start {
                read(start..<end)
            } else if isForeign, !messages.isEmpty {
                isOver = true
            }
            start = end + 1
        }
    }

    /// Where the report ends: at the next line after it that is not indented and no heading.
    private mutating func takeReport(from start: Int, limit: Int) -> Int {
        var end = log.endOfLine(from: start, limit: limit) + 1
        while end < limit {
            let endOfLine = log.endOfLine(from: end, limit: limit)
            let line = end..<endOfLine
            let isHeading = line.last.map { log.bytes[$0] == UInt8(ascii: ":") } ?? true
            if !isHeading, !Byte.isBlank(log.bytes[end]) { break }
            end = endOfLine + 1
        }
        report = start..<min(end, limit)
        return end
    }

    private mutating func read(_ range: Range<Int>) {
        switch log.line(range) {
        case .instruction(let line): take(line, in: range)
        case .source(let text): take(source: text)
        case .sourceOfInstruction(let index, let text):
            if sourcesOfInstructions.count < Self.mostMessages { sourcesOfInstructions[index] = text }
        case .state(let text): take(state: text, isIndented: Byte.isBlank(log.bytes[range.lowerBound]))
        case .resumption(let from, let to, let state): resume(from: from, to: to, state)
        case .pruned(let from):
            messages = []
            if let from { rewind(to: from, next: -1) }
            hasEnded = true
        case .precision:
            isInPrecision = true
            messages = []
        case .frames: isAfterFrames = true
        case .statistics: take(statistics: range)
        case .remark: break
        case .message: take(message: range)
        }
    }

    private mutating func take(message range: Range<Int>) {
        guard !isOver else { return }
        let end = log.startOfStatistics(behindMessage: range) ?? range.upperBound
        if messages.count == Self.mostMessages { messages.removeFirst(Self.mostMessages / 2) }
        messages.append(range.lowerBound..<end)
        if end < range.upperBound { take(statistics: end..<range.upperBound) }
    }

    private mutating func take(statistics range: Range<Int>) {
        if statistics.count < Self.mostMessages { statistics.append(range) }
        // The last of them.
        if log.hasPrefix("processed ", in: range) { isOver = true }
    }

    private mutating func take(source text: Range<Int>) {
        isInPrecision = false
        guard sources.count < Self.mostSources else {
            source = -1
            return
        }
        // The same line over and over, as loops have it, is one.
        if source >= 0, isSame(sources[Int(source)].text, text) {
            isSourceOwn = true
            return
        }
        source = Int32(sources.count)
        sources.append(LogSource(text: text))
        isSourceOwn = true
    }

    private func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.count == other.count && log.bytes[one] == log.bytes[other]
    }

    private mutating func take(_ line: InstructionLine, in range: Range<Int>) {
        isInPrecision = false
        isAfterFrames = false
        isOver = false
        messages = []
        hasEnded = false
        if path.isEmpty, line.index != 0 { isPathWhole = false }
        path.append(
            LogStep(
                index: Int32(line.index),
                opcode: line.opcode ?? 0,
                depth: depth,
                source: source,
                isSourceOwn: isSourceOwn,
                line: range
            )
        )
        isSourceOwn = false
        if let resumption = line.resumption {
            resumed(with: resumption.state)
        } else if log.isCallOfFunction(range) {
            depth = min(depth + 1, .max - 1)
        } else if line.opcode == 0x95, depth > 0 {
            depth -= 1
        }
        if let message = line.message { take(message: message) }
    }

    /// - Parameter isIndented: it stands below its instruction, and not before the next one with that one's number.
    private mutating func take(state text: Range<Int>, isIndented: Bool) {
        guard !isInPrecision else { return }
        let (frame, registers) = log.frame(of: text)
        depth = UInt8(clamping: frame)
        guard let step = path.last else { return }
        path[path.count - 1].state = registers
        path[path.count - 1].isStateBefore = isIndented && !isAfterFrames && step.mayTouchMemory && depth == step.depth
    }

    private mutating func resume(from: Int, to: Int, _ state: Range<Int>) {
        messages = []
        isInPrecision = false
        isOver = false
        hasEnded = false
        rewind(to: from, next: to)
        resumed(with: state)
    }

    /// What the last step led to is known whole. The source that was printed last may be that of what was taken back.
    private mutating func resumed(with state: Range<Int>) {
        let (frame, registers) = log.frame(of: state)
        depth = UInt8(clamping: frame)
        source = -1
        isSourceOwn = false
        guard !path.isEmpty else { return }
        path[path.count - 1].state = registers
        path[path.count - 1].isStateBefore = false
    }

    /// Takes back everything after the last visit of `index` that did not go on to `next`.
    private mutating func rewind(to index: Int, next: Int) {
        var end = path.count
        while end > 0 {
            let goesOn = end < path.count ? Int(path[end].index) : -1
            if Int(path[end - 1].index) == index, goesOn != next || next < 0 { break }
            end -= 1
        }
        if end == 0, !path.isEmpty { isPathWhole = false }
        path.removeLast(path.count - end)
    }
}

extension LogBytes {
    /// `frame1: R1=…`: the number, and what comes after it; 0 where there is none.
    func frame(of state: Range<Int>) -> (number: Int, registers: Range<Int>) {
        guard hasPrefix("frame", in: state), let (number, end) = number(at: state.lowerBound + 5, in: state),
            hasPrefix(":", at: end, in: state)
        else { return (0, state) }
        return (number, trimmed((end + 1)..<state.upperBound))
    }
}
