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
        let read = VerifierLog(Array((isCut ? text.dropLast(VerifierLog.cutNote.count) : text[...]).utf8), isCut: isCut)
        let warnings = text.split(separator: "\n").filter { $0.hasPrefix("libbpf: ") }.map(String.init)
        let refusal: Evidence.Refusal = verdict == .object ? .object : warnings.isEmpty ? .program : .loader
        let evidence = Evidence(
            refusal: refusal,
            errno: Int32(clamping: errno ?? 0),
            log: warnings.isEmpty ? read : VerifierLog([]),
            isLogCut: isCut,
            warnings: warnings,
            program: Evidence.ProgramFacts(name: program)
        )
        var explanation = Explanation(of: evidence)
        if explanation.code == .unknown, let message, !isCut { explanation.sentence = message }
        return explanation
    }
}
