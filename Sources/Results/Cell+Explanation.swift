// SPDX-License-Identifier: Apache-2.0

import VerifierLog

extension Cell {
    /// The same with an explanation, where there is something to explain: results of versions that made none have the log that
    /// it can be made from.
    public var explained: Cell {
        guard explanation == nil, verdict.isVerdict, verdict != .accepted else { return self }
        var cell = self
        cell.explanation = explanationByLog
        return cell
    }

    private var explanationByLog: Explanation {
        let text = log ?? ""
        let isCut = text.hasSuffix(VerifierLog.cutNote)
        let output = ToolOutput(Array(text.utf8))
        // bpftool stops at the program that the kernel refuses first.
        let part = output.parts.first
        let refusal: Evidence.Refusal =
            verdict == .object ? .object : part == nil && !output.warnings.isEmpty ? .loader : .program
        let evidence = Evidence(
            refusal: refusal,
            errno: Int32(clamping: errno ?? 0),
            log: part?.log ?? VerifierLog(Array(text.utf8), isCut: isCut),
            isLogCut: isCut,
            warnings: output.warnings,
            program: Evidence.ProgramFacts(name: part?.program ?? program)
        )
        var explanation = Explanation(of: evidence)
        if explanation.code == .unknown, let message, !isCut { explanation.sentence = message }
        return explanation
    }
}
