// SPDX-License-Identifier: Apache-2.0

extension Explanation {
    /// Where an instruction of the program came from, by its number in the log; nil where that is not known.
    public typealias SourceOfInstruction = (Int) -> ExplainedPlace?

    /// How much of a log's end stands for a reason that no rule knows.
    private static let mostTailLines = 6

    /// - Parameter source: what the object itself says of its lines. It is not believed where the kernel printed others: then
    ///   it is another build of the program.
    public init(of evidence: Evidence, source: @escaping SourceOfInstruction = { _ in nil }) {
        let cause = Cause(of: evidence)
        let log = evidence.log
        let lines = ProgramLines(log.lineSamples, source)
        self.init(cause, place: nil, words: Self.words(evidence))
        guard case .program = evidence.refusal else { return }
        instruction = log.failure.map(lines.explained) ?? cause.instruction.map(lines.explained)
        place = instruction?.place
        registers = log.registers.map { register in
            ExplainedRegister(
                name: register.name,
                value: register.words,
                spelling: register.spelling,
                origin: register.origin.map(lines.explained),
                isNamed: register.isNamedByMessage
            )
        }
        path = log.path.map { turn in
            ExplainedTurn(
                kind: turn.kind,
                from: lines.explained(turn.step),
                to: lines.explained(turn.next),
                times: turn.kind == .loop ? turn.times : nil
            )
        }
        earlierTurns = log.earlierTurns == 0 ? nil : log.earlierTurns
        origin = log.acquisition.map(lines.explained)
        report = log.report
        if code == .tooComplex || log.isCut { blameLoop() }
        // The end of a function is the line of its name; what it returns was made where people look for it.
        if code == .returnValue, instruction?.text == "exit",
            let made = registers.first(where: { $0.name == "R0" })?.origin, let place = made.place
        {
            self.place = place
        }
    }

    /// Where the verifier's patience ended is chance; the loop that took it is the place.
    private mutating func blameLoop() {
        guard let loop = path.filter({ $0.kind == .loop }).max(by: { ($0.times ?? 0) < ($1.times ?? 0) }) else {
            return
        }
        instruction = loop.from
        place = loop.from.place
        registers = []
    }

    private static func words(_ evidence: Evidence) -> [String] {
        // What the verifier says of a program whose map is missing says nothing of the map.
        if case .map(let map) = evidence.refusal {
            return evidence.warnings.filter { $0.contains("map '\(map.name)'") || $0.contains("(\(map.name))") }
        }
        if !evidence.log.messages.isEmpty { return evidence.log.messages }
        if !evidence.warnings.isEmpty { return evidence.warnings }
        // What stands at the end of what is left is no reason.
        if evidence.log.isCut { return [] }
        return evidence.log.lastLines.filter { !VerifierStatistics.isStatistics($0) }.suffix(mostTailLines)
    }
}

/// Where the program's instructions came from: the object's word where it is the same program, otherwise the log's.
private struct ProgramLines {
    private let source: Explanation.SourceOfInstruction

    init(_ samples: [LoggedStep], _ source: @escaping Explanation.SourceOfInstruction) {
        let isSame = samples.allSatisfy { sample in
            guard let logged = sample.source, let known = source(sample.index) else { return true }
            return logged.text == known.text && (logged.line == nil || logged.line == known.line)
        }
        self.source = isSame ? source : { _ in nil }
    }

    /// Of an instruction that the log does not show.
    func explained(_ index: Int) -> ExplainedInstruction {
        ExplainedInstruction(index: index, text: nil, place: source(index))
    }

    func explained(_ step: LoggedStep) -> ExplainedInstruction {
        let place = source(step.index) ?? step.source.map { ExplainedPlace($0) }
        return ExplainedInstruction(index: step.index, text: step.text, place: place)
    }
}
