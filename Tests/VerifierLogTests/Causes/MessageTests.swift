// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VerifierLog

/// The rules against all that a verifier can say: Messages/linux-*.txt, which scripts/verifier-messages.py writes.
@Suite struct MessageTests {
    /// printf formats, one a line.
    private static func messages(of line: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Messages/linux-\(line).txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// A message with values in its holes, several where a hole can hold a number and a word.
    private static func samples(of format: String) -> [String] {
        let hole = #/%[-0-9.*lzh]*([a-zA-Z])/#
        return ["7", "x", "0x7"].map { number in
            format.replacing(hole) { "sc".contains($0.1) ? (number == "7" ? "x" : "7") : number == "x" ? "7" : number }
        }
    }

    /// Whether the wording has room for what the format says: in either, a hole stands for what the other says there.
    private static func knows(_ wordings: [Wording], _ format: String) -> Bool {
        let samples = samples(of: format)
        if wordings.contains(where: { wording in samples.contains { wording.match($0) != nil } }) { return true }
        guard let pattern = try? Regex(pattern(of: format)) else { return false }
        return wordings.contains { $0.sample.wholeMatch(of: pattern) != nil }
    }

    private static func pattern(of format: String) -> String {
        let hole = #/%[-0-9.*lzh]*([a-zA-Z])/#
        var pattern = ""
        var rest = format[...]
        while let match = rest.firstMatch(of: hole) {
            pattern += NSRegularExpression.escapedPattern(for: String(rest[..<match.range.lowerBound]))
            pattern += "sc".contains(match.1) ? ".*" : "(?:x|-?[0-9a-fx]+)"
            rest = rest[match.range.upperBound...]
        }
        return pattern + NSRegularExpression.escapedPattern(for: String(rest))
    }

    /// The share may only grow: whoever adds a rule sets the number to what the test prints.
    @Test("of all messages of a verifier, so many are known to a rule", arguments: [("6.1", 263), ("7.3", 318)])
    func share(line: String, known: Int) throws {
        let messages = try Self.messages(of: line)
        let wordings = CauseRule.all.flatMap(\.wordings)
        let unknown = messages.filter { !Self.knows(wordings, $0) }
        let count = messages.count - unknown.count
        print("Linux \(line): \(count) of \(messages.count) messages of the verifier are known to a rule")
        if ProcessInfo.processInfo.environment["BPFMATRIX_UNKNOWN_MESSAGES"] != nil {
            print(unknown.joined(separator: "\n"))
        }
        #expect(count >= known)
    }
}
