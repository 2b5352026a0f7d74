// SPDX-License-Identifier: Apache-2.0

/// The lines of a source file around the one that matters.
public struct SourceExcerpt: Sendable, Hashable {
    /// From 1.
    public let firstLine: Int
    public let lines: [String]
    /// The number of the line that matters.
    public let line: Int
    /// What must be known before it is believed; nil for nothing.
    public let note: String?

    private static let before = 4
    private static let after = 2

    /// - Parameters:
    ///   - text: the whole file's.
    ///   - line: from 1.
    ///   - expected: what the line says in the object, without blanks around it.
    /// - Returns: nil where the file has another line there: it is not what the object was compiled from.
    public init?(of text: String, line: Int, expected: String, note: String?) {
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard line >= 1, line <= all.count, Self.trimmed(all[line - 1]) == Self.trimmed(expected[...]),
            !expected.isEmpty
        else { return nil }
        let first = max(1, line - Self.before)
        let last = min(all.count, line + Self.after)
        firstLine = first
        lines = all[(first - 1)..<last].map { String($0.last == "\r" ? $0.dropLast() : $0) }
        self.line = line
        self.note = note
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...last]
    }
}
