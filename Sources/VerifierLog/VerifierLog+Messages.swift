// SPDX-License-Identifier: Apache-2.0

extension VerifierLog {
    /// What the verifier said after the last instruction that it looked at, and before its statistics: the reason for a
    /// refusal, in one line or several.
    public var messages: [String] {
        let end = lastLines.firstIndex(where: VerifierStatistics.isStatistics) ?? lastLines.endIndex
        let lines = lastLines[..<end]
        let start = lines.lastIndex(where: Self.isTrace).map { $0 + 1 } ?? lines.startIndex
        return Array(lines[start...])
    }
}
