// SPDX-License-Identifier: Apache-2.0

/// What Linux from 7.3 on says of a refusal besides its log: a report of its own (`kernel/bpf/diagnostics.c`), which stands
/// between the reason and the statistics.
///
/// All of it is the kernel's own wording, with what it quotes of the program; none of it is a line of the log.
public struct KernelReport: Sendable, Hashable, Codable {
    /// `Register Type Safety`
    public var category: String
    /// `Invalid dereference`
    public var problem: String
    /// What is wrong, in sentences; nil where the kernel gave no reason.
    public var reason: String?
    /// What the program did there; nil where the kernel did not mark the place.
    public var error: KernelReportEvent?
    /// What led there, in the kernel's order.
    public var events: [KernelReportEvent]
    /// How many more events came before `events`; nil for none.
    public var earlierEvents: Int?
    /// What the kernel advises; nil where it advises nothing.
    public var suggestion: String?
}

/// Something that the program did on its way to the failure, or the failure itself, as the kernel's report has it.
public struct KernelReportEvent: Sendable, Hashable, Codable {
    /// `update`, `branch`, `error`; empty where the kernel only names the place.
    public var kind: String
    /// `R0 changed from uninitialized value to nullable map value from m at offset 0`; empty where the kernel only names the place.
    public var text: String
    /// Which function of the program it is in; nil where the kernel does not say.
    public var function: String?
    /// Without folders.
    public var file: String?
    /// From 1.
    public var line: Int?
    /// Counted from the program's start, wide instructions twice; nil where the kernel does not say.
    public var instruction: Int?
}

extension KernelReport {
    static let opening: StaticString = "Verification failed: "
    private static let title = "\(opening)"
    /// More than these are not read by people; the last ones are kept, which are the nearest to the failure.
    private static let mostEvents = 32
    /// A report whose sentences are longer was not written by a kernel.
    private static let longestText = 4096

    /// Reads the report whose lines are in `range`, the first of which begins with `opening`. Time is linear in its length.
    init(_ log: LogBytes, in range: Range<Int>) {
        var reader = Reader()
        var start = range.lowerBound
        while start < range.upperBound {
            let end = log.endOfLine(from: start, limit: range.upperBound)
            reader.read(log.bytes[start..<end])
            start = end + 1
        }
        reader.finish()
        let title = reader.title.split(separator: ":", maxSplits: 1).map { $0.trimmingPrefix(" ") }
        category = title.first.map(String.init) ?? ""
        problem = title.count > 1 ? String(title[1]) : ""
        reason = reader.reason.isEmpty ? nil : reader.reason
        suggestion = reader.suggestion.isEmpty ? nil : reader.suggestion
        error = reader.places.last
        events = reader.events
        earlierEvents = reader.earlierEvents == 0 ? nil : reader.earlierEvents
    }

    /// Goes through the report's lines: a section's name stands at the beginning of its line, everything else is indented.
    private struct Reader {
        private enum Section {
            case reason
            case place
            case path
            case suggestion
            case other
        }

        var title = ""
        var reason = ""
        var suggestion = ""
        var places: [KernelReportEvent] = []
        var events: [KernelReportEvent] = []
        var earlierEvents = 0
        private var section = Section.other
        private var event: KernelReportEvent?
        private var isInInstructions = false
        /// The lines of the mark go on.
        private var isInMark = false

        mutating func read(_ bytes: ArraySlice<UInt8>) {
            guard let first = bytes.first else { return }
            guard Byte.isBlank(first) else {
                begin(String(decoding: bytes, as: UTF8.self))
                return
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let words = text.drop { $0 == " " || $0 == "\t" }
            switch section {
            case .reason: Self.append(words, to: &reason)
            case .suggestion: Self.append(words, to: &suggestion)
            case .place, .path: readContext(words, isHeading: text.count - words.count <= 2)
            case .other: break
            }
        }

        private mutating func begin(_ heading: String) {
            finish()
            if title.isEmpty, heading.hasPrefix(KernelReport.title) {
                title = String(heading.dropFirst(KernelReport.title.count).prefix(KernelReport.longestText))
                return
            }
            section =
                switch heading {
                case "Reason:": .reason
                case "At:": .place
                case "Causal path:": .path
                case "Suggestion:": .suggestion
                default: .other
                }
        }

        /// A place, the source or the instructions around it, with a mark below the line that is meant.
        private mutating func readContext(_ words: Substring, isHeading: Bool) {
            if words.hasPrefix("|") {
                readMark(words.dropFirst().drop { $0 == " " || $0 == "\t" })
                return
            }
            isInMark = false
            if words.hasPrefix(">>>") {
                guard isInInstructions, event?.instruction == nil else { return }
                event?.instruction = Int(words.dropFirst(3).drop { $0 == " " }.prefix { $0.isASCII && $0.isNumber })
            } else if isHeading, words == "Source context:" {
                isInInstructions = false
            } else if isHeading, words == "Instruction context:" {
                isInInstructions = true
            } else if isHeading {
                finish()
                event = Self.place(words)
                isInInstructions = false
            }
        }

        private mutating func readMark(_ words: Substring) {
            if words.hasPrefix("^-- ") {
                isInMark = true
                let parts = words.dropFirst(4).split(separator: ": ", maxSplits: 1)
                if event == nil { event = KernelReportEvent(kind: "", text: "") }
                // A kind is one word; a mark without one is a sentence.
                let isKind = parts.count == 2 && !parts[0].contains(" ")
                event?.kind = isKind ? String(parts[0]) : ""
                event?.text = String((isKind ? parts[1] : words.dropFirst(4)).prefix(KernelReport.longestText))
            } else if isInMark, var text = event?.text {
                Self.append(words, to: &text)
                event?.text = text
            }
        }

        /// `function @ file.c:12:5`
        private static func place(_ words: Substring) -> KernelReportEvent {
            var event = KernelReportEvent(kind: "", text: "")
            guard let sign = words.firstRange(of: " @ ") else {
                event.function = words.isEmpty ? nil : String(words)
                return event
            }
            event.function = String(words[..<sign.lowerBound])
            let parts = words[sign.upperBound...].split(separator: ":", omittingEmptySubsequences: false)
            // The column is left out where it is not known; a file's name may have a colon in it.
            let numbers = parts.reversed().prefix { Int($0) != nil }.prefix(2)
            guard let line = numbers.last.flatMap({ Int($0) }), numbers.count < parts.count else { return event }
            event.file = parts.dropLast(numbers.count).joined(separator: ":")
            event.line = line
            return event
        }

        private static func append(_ words: Substring, to text: inout String) {
            guard !words.isEmpty, text.utf8.count < KernelReport.longestText else { return }
            if !text.isEmpty { text += " " }
            text += words.prefix(KernelReport.longestText)
        }

        /// Keeps what was read of the last place.
        mutating func finish() {
            guard let event else { return }
            self.event = nil
            isInMark = false
            switch section {
            case .place: places = [event]
            case .path:
                if events.count == KernelReport.mostEvents {
                    events.removeFirst()
                    earlierEvents += 1
                }
                events.append(event)
            case .reason, .suggestion, .other: break
            }
        }
    }
}
