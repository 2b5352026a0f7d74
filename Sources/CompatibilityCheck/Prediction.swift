// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Results
import VerifierLog

/// One thing that decides a prediction.
public struct Reason: Sendable, Hashable {
    /// The code that a kernel's refusal for this reason has in the matrix.
    public let code: CauseCode
    /// What the kernel lacks, or what is not known, in one sentence.
    public let sentence: String
    /// Where in the source; nil where it is not in the code, or the object has no lines.
    public let place: SourcePlace?
    /// What to do; nil where nothing is known that would help.
    public let cure: String?
    /// The instruction at `place`, by its number in the program; nil where that is of no use to anybody.
    let instruction: Int?

    public init(_ code: CauseCode, _ sentence: String, at place: SourcePlace? = nil, cure: String? = nil) {
        self.init(code, sentence, at: place, cure: cure, instruction: nil)
    }

    init(_ code: CauseCode, _ sentence: String, at place: SourcePlace?, cure: String?, instruction: Int?) {
        self.instruction = instruction
        self.code = code
        self.sentence = sentence
        self.place = place
        self.cure = cure
    }
}

/// A program on a kernel.
public struct ProgramPrediction: Sendable, Hashable {
    public let program: String
    /// Why it will fail; empty where it will not.
    public let reasons: [Reason]
    /// What is not known, and could make it fail.
    public let unknowns: [Reason]
    /// Why it can't be attached, or is attached to no effect, although it can be loaded: no part of the prediction.
    public let attachment: [Reason]

    public var prediction: Prediction {
        if !reasons.isEmpty { return .willFail }
        return unknowns.isEmpty ? .fits : .cannotTell
    }
}

/// What was found out by and by.
struct Findings {
    private(set) var reasons: [Reason] = []
    private(set) var unknowns: [Reason] = []
    private(set) var attachment: [Reason] = []

    mutating func fails(_ reason: Reason) { if !reasons.contains(reason) { reasons.append(reason) } }
    mutating func cannotTell(_ reason: Reason) { if !unknowns.contains(reason) { unknowns.append(reason) } }
    mutating func cannotAttach(_ reason: Reason) { if !attachment.contains(reason) { attachment.append(reason) } }

    mutating func add(_ other: Findings) {
        other.reasons.forEach { fails($0) }
        other.unknowns.forEach { cannotTell($0) }
        other.attachment.forEach { cannotAttach($0) }
    }
}
