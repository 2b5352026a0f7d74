// SPDX-License-Identifier: Apache-2.0

/// What a compiler printed, message by message.
public struct CompilerDiagnostics: Sendable, Hashable {
    public struct Message: Sendable, Hashable {
        public enum Severity: String, Sendable, Hashable {
            case warning
            case error
            case fatalError = "fatal error"

            public var isError: Bool { self != .warning }
        }

        public let severity: Severity
        /// As the compiler named it; nil for what is not about a file.
        public let file: String?
        /// From 1.
        public let line: Int?
        /// From 1.
        public let column: Int?
        /// `use of undeclared identifier 'x'`
        public let text: String
        /// Through which files it came to this one, the source first: `x.c:2`.
        public let inclusions: [String]
        /// The line of C, without blanks around it; nil where it was not printed.
        public let sourceLine: String?
        /// All of its lines as they were printed, notes that belong to it among them, without how files were included.
        public let lines: [String]

        /// What makes two messages the same, through whichever files they were met.
        public var identity: [String] { [file ?? "", "\(line ?? 0):\(column ?? 0)", text] }
    }

    public let messages: [Message]

    public init(_ output: String) {
        var messages: [Message] = []
        var inclusions: [String] = []
        var lines: [String] = []
        var head: Head?
        func finish() {
            if let head { messages.append(Message(head, lines)) }
            head = nil
            lines = []
        }
        for line in output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if let inclusion = Self.inclusion(line) {
                // Those before a note belong to the message that the note is about.
                inclusions.append(inclusion)
            } else if let next = Head(line, inclusions: inclusions) {
                finish()
                head = next
                inclusions = []
                lines = [line]
            } else if head != nil, !Self.isCount(line) {
                inclusions = []
                lines.append(line)
            }
        }
        finish()
        self.messages = messages
    }

    public var firstError: Message? { messages.first(where: \.severity.isError) }

    public var warnings: [Message] { messages.filter { !$0.severity.isError } }

    /// `In file included from x.c:2:`
    private static func inclusion(_ line: String) -> String? {
        line.wholeMatch(of: #/(?:In file included|\s+) from (.+?:\d+)(?::\d+)?[:,]/#).map { String($0.1) }
    }

    /// `2 warnings generated.`
    private static func isCount(_ line: String) -> Bool {
        line.isEmpty || line.wholeMatch(of: #/\d+ (?:warning|error)s?(?: and \d+ errors?)? generated\./#) != nil
    }

    fileprivate struct Head {
        let severity: Message.Severity
        let file: String?
        let line: Int?
        let column: Int?
        let text: String
        let inclusions: [String]

        init?(_ output: String, inclusions: [String]) {
            let pattern = #/(?:(.+?):(\d+):(\d+): |(?:[^\s:]+: )?)(warning|error|fatal error): (.*)/#
            guard let match = output.wholeMatch(of: pattern), let severity = Message.Severity(rawValue: String(match.4))
            else { return nil }
            self.severity = severity
            file = match.1.map(String.init)
            line = match.2.flatMap { Int($0) }
            column = match.3.flatMap { Int($0) }
            text = String(match.5)
            self.inclusions = inclusions
        }
    }
}

extension CompilerDiagnostics.Message {
    fileprivate init(_ head: CompilerDiagnostics.Head, _ lines: [String]) {
        severity = head.severity
        file = head.file
        line = head.line
        column = head.column
        text = head.text
        inclusions = head.inclusions
        self.lines = lines
        // `   12 | return nothing;`
        sourceLine = lines.dropFirst().first.flatMap { line in
            line.wholeMatch(of: #/\s*\d+ \| ?\s*(.*?)\s*/#).map { String($0.1) }
        }
    }
}
