// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// Predictions held against verdicts on the same objects and kernels.
public struct Accuracy: Sendable {
    /// What a kernel said, as far as it can be predicted.
    public enum Truth: String, Sendable, Hashable, CaseIterable {
        case accepted
        /// By the verifier's analysis of the program: nobody predicts that.
        case analysis = "refused by analysis"
        /// For something that could be known beforehand.
        case other = "refused otherwise"
    }

    /// A prediction that is wrong.
    public struct Defect: Sendable, Hashable {
        public let prediction: CheckCell
        /// Those of the program and of its object as a whole.
        public let reasons: [CheckReason]
        public let cell: Cell

        public var description: String {
            let said = cell.explanation.map { "\($0.code.rawValue): \($0.sentence)" } ?? cell.message
            let predicted = reasons.map { "\($0.code): \($0.sentence)" }.joined(separator: "; ")
            return "\(cell.object) \(cell.program) on \(cell.kernel): predicted \(prediction.prediction.rawValue)"
                + (predicted.isEmpty ? "" : " (\(predicted))") + "; the kernel: \(cell.verdict.rawValue)"
                + (said.map { " (\($0))" } ?? "")
        }
    }

    /// Cells by prediction and truth.
    public private(set) var counts: [Prediction: [Truth: Int]] = [:]
    public private(set) var defects: [Defect] = []
    /// Programs that will fail, and did, for the very reason, by its code.
    public private(set) var sameCode = 0
    /// Those of them whose explanation has no place or no cure where the prediction has one.
    public private(set) var lessExplained: [Defect] = []
    /// Cells without a verdict, or without a prediction.
    public private(set) var unjudged = 0

    public init(_ predictions: CheckResults, against verdicts: MatrixResults) {
        let cells = Dictionary(verdicts.cells.map { ([$0.object, $0.program, $0.kernel], $0) }) { one, _ in one }
        let wholes = Dictionary(predictions.wholes.map { ([$0.object, $0.kernel], $0.reasons) }) { one, _ in one }
        for prediction in predictions.cells {
            guard let cell = cells[[prediction.object, prediction.program, prediction.kernel]], cell.verdict.isVerdict
            else {
                unjudged += 1
                continue
            }
            let truth = Self.truth(cell)
            let reasons = prediction.reasons + (wholes[[prediction.object, prediction.kernel]] ?? [])
            counts[prediction.prediction, default: [:]][truth, default: 0] += 1
            switch (prediction.prediction, truth) {
            case (.willFail, .accepted), (.fits, .other):
                defects.append(Defect(prediction: prediction, reasons: reasons, cell: cell))
            case (.willFail, _):
                guard let explanation = cell.explanation,
                    let reason = reasons.first(where: { $0.code == explanation.code.rawValue })
                else { continue }
                sameCode += 1
                if (reason.place != nil && explanation.place == nil) || (reason.cure != nil && explanation.cure == nil)
                {
                    lessExplained.append(Defect(prediction: prediction, reasons: reasons, cell: cell))
                }
            default: break
            }
        }
    }

    public func count(_ prediction: Prediction, _ truth: Truth) -> Int { counts[prediction]?[truth] ?? 0 }

    /// Told from the profile, although the verifier says them.
    private static let predictable: Set<CauseCode> = [
        .helperNotForProgramType, .helperNeedsGPL, .kfuncNotAllowed, .mightSleep, .mapNotForProgram, .tailCallTable,
    ]

    private static func truth(_ cell: Cell) -> Truth {
        if cell.verdict == .accepted { return .accepted }
        guard let explanation = cell.explanation else { return .other }
        // The verifier's analysis of the program with what was set in its loader's place: with something else it may accept it.
        if [.targetUnset, .innerMapUnset].contains(explanation.code), cell.assumed != nil, cell.log != nil {
            return .analysis
        }
        guard cell.verdict == .rejected else { return .other }
        let isAnalysis = explanation.code.kind == .verifier && !predictable.contains(explanation.code)
        return isAnalysis ? .analysis : .other
    }
}
