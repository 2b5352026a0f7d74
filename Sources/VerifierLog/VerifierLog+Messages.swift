// SPDX-License-Identifier: Apache-2.0

extension VerifierLog {
    /// What the verifier said after the last instruction that it looked at, and before its statistics: the reason for a
    /// refusal, in one line or several.
    public var messages: [String] {
        let end = lastLines.firstIndex(where: VerifierStatistics.isStatistics) ?? lastLines.endIndex
        let lines = lastLines[..<end]
        let start = lines.lastIndex(where: Self.isTrace).map { $0 + 1 } ?? lines.startIndex
        return lines[start...].filter { !Self.isState($0) }
    }

    /// What older kernels print of registers between an instruction and what is wrong with it.
    private static func isState(_ line: String) -> Bool {
        ["regs=", "parent ", "mark_precise:", " R", " frame", "caller:", "callee:", "propagating "]
            .contains { line.hasPrefix($0) }
    }
}
