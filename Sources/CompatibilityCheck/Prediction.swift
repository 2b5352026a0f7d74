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

/// What speaks against a program, or against all programs of an object, on a kernel.
public struct Obstacles: Sendable, Hashable {
    /// Why it will fail.
    public var reasons: [Reason] = []
    /// What is not known, and could make it fail.
    public var unknowns: [Reason] = []
    /// Why it can't be attached, or is attached to no effect, although it can be loaded: no part of the prediction.
    public var attachment: [Reason] = []
}

/// A program on a kernel.
public struct ProgramPrediction: Sendable, Hashable {
    public let program: String
    /// Of this program.
    public let own: Obstacles
    /// Of the object as a whole: every program has the same ones, and none of them again among its own.
    public let shared: Obstacles

    /// Why it will fail; empty where it will not.
    public var reasons: [Reason] { own.reasons + shared.reasons }
    /// What is not known, and could make it fail.
    public var unknowns: [Reason] { own.unknowns + shared.unknowns }
    /// Why it can't be attached, although it can be loaded.
    public var attachment: [Reason] { own.attachment + shared.attachment }

    public var prediction: Prediction {
        if !own.reasons.isEmpty || !shared.reasons.isEmpty { return .willFail }
        return own.unknowns.isEmpty && shared.unknowns.isEmpty ? .fits : .cannotTell
    }
}

/// What was found out by and by; each reason once.
struct Findings {
    private(set) var obstacles = Obstacles()
    private var known: [Set<Reason>] = [[], [], []]

    var reasons: [Reason] { obstacles.reasons }
    var unknowns: [Reason] { obstacles.unknowns }
    var attachment: [Reason] { obstacles.attachment }

    mutating func fails(_ reason: Reason) {
        if known[0].insert(reason).inserted { obstacles.reasons.append(reason) }
    }

    mutating func cannotTell(_ reason: Reason) {
        if known[1].insert(reason).inserted { obstacles.unknowns.append(reason) }
    }

    mutating func cannotAttach(_ reason: Reason) {
        if known[2].insert(reason).inserted { obstacles.attachment.append(reason) }
    }

    /// In the place of all else that is not known.
    mutating func leaveUnknown(_ reason: Reason) {
        known[1] = [reason]
        obstacles.unknowns = [reason]
    }

    mutating func add(_ other: Findings) {
        other.reasons.forEach { fails($0) }
        other.unknowns.forEach { cannotTell($0) }
        other.attachment.forEach { cannotAttach($0) }
    }

    /// Without what is among the others too.
    func beyond(_ other: Findings) -> Obstacles {
        Obstacles(
            reasons: reasons.filter { !other.known[0].contains($0) },
            unknowns: unknowns.filter { !other.known[1].contains($0) },
            attachment: attachment.filter { !other.known[2].contains($0) }
        )
    }
}
