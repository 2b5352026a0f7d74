// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results

/// What bpftool's word on an object amounts to, and whether it can be true together with the agent's.
///
/// `docs/verdicts.md` is the same in words.
enum WitnessJudgement {
    /// Under which `ObjectProgress` counts guests that were lost while bpftool ran; no C function has this name.
    static let lossKey = "(bpftool)"

    /// Who loaded: what an object becomes is decided by libbpf, too.
    struct Loaders {
        /// bpftool's libbpf; nil where it is older than any that is told from another.
        var witness: LibbpfVersion?
        /// That of whoever it is compared with.
        var other: LibbpfVersion?
    }

    /// - Parameters:
    ///   - other: this machine's bpftool on the same object and kernel, to be compared with where the agent has not been asked.
    ///   - loaders: of bpftool, and of the agent or that other.
    static func statement(
        _ said: WitnessReport,
        about progress: ObjectProgress,
        comparedWith other: WitnessStatement? = nil,
        _ loaders: Loaders
    ) -> WitnessStatement {
        let output = String(decoding: said.output, as: UTF8.self)
        let verdict = verdict(said.status, output)
        var statement = WitnessStatement(
            object: progress.object.name,
            kernel: progress.kernel,
            verdict: verdict,
            output: output
        )
        let found =
            contradiction(verdict, output, progress)
            ?? other.flatMap { contradiction(verdict, output, $0, about: progress.object) }
        guard let contradiction = found else { return statement }
        if let obstacle = contradiction.obstacle(loaders) {
            statement.incomparable = obstacle
        } else {
            statement.disagreement = contradiction.text
        }
        return statement
    }

    /// - Parameter status: bpftool's exit status; negative where it did not run to its end.
    static func verdict(_ status: Int32, _ output: String) -> Verdict {
        switch status {
        case 0: .accepted
        case 1...: kernelsRefusals.contains { output.contains($0) } ? .rejected : .object
        default: .infrastructure
        }
    }

    /// What libbpf prints where the kernel itself has refused a program or a map. Whatever else bpftool fails over, the
    /// section names that its libbpf knows or a program that it can't pin, says nothing about the kernel.
    private static let kernelsRefusals = [
        "BPF program load failed", "BEGIN PROG LOAD LOG", "failed to create: ", "Error in bpf_create_map",
        // Before libbpf 0.7.
        "load bpf program failed", "BEGIN DUMP LOG",
    ]

    /// Whether bpftool failed because the kernel was short of something just then, as libc and libbpf say it.
    static func isPassing(_ said: WitnessReport) -> Bool {
        said.status != 0 && isPassing(String(decoding: said.output, as: UTF8.self))
    }

    static func isPassing(_ output: String) -> Bool {
        ["Cannot allocate memory", "-ENOMEM", "Resource temporarily unavailable", "-EAGAIN"].contains {
            output.contains($0)
        }
    }

    private static func contradiction(
        _ verdict: Verdict,
        _ output: String,
        _ other: WitnessStatement,
        about object: TestObject
    ) -> Contradiction? {
        switch (verdict, other.verdict) {
        case (.accepted, .rejected):
            Contradiction(
                text: "it loads the object, which was refused to this machine's \(other.loaderName)",
                refusal: .ofBPFTool(other.output),
                object: object
            )
        case (.rejected, .accepted):
            Contradiction(
                text: "the object is refused to it, and was accepted from this machine's \(other.loaderName)",
                refusal: .ofBPFTool(output),
                object: object
            )
        default: nil
        }
    }

    /// bpftool loads all programs but the optional ones (`SEC("?…")`), and fails if one of them or a map fails.
    private static func contradiction(_ verdict: Verdict, _ output: String, _ progress: ObjectProgress)
        -> Contradiction?
    {
        guard progress.isLoaded, !progress.cells.isEmpty, verdict.isVerdict else { return nil }
        let optional = Set(progress.object.contents.programs.filter(\.isOptional).map(\.name))
        let cells = progress.cells.values.filter { !optional.contains($0.program) }
        guard cells.allSatisfy(\.verdict.isVerdict) else { return nil }
        let refused = cells.filter { $0.verdict != .accepted }.sorted { $0.program < $1.program }
        switch (verdict, refused.isEmpty && progress.refusedMaps.isEmpty) {
        case (.accepted, false):
            let names = names(refused.map(\.program))
            return Contradiction(
                text: refused.isEmpty
                    ? "bpftool loads the object although a map was refused to the agent"
                    : "bpftool loads the object although \(names) \(refused.count == 1 ? "was" : "were") refused to the agent",
                // Of a program that falls with a map only the map was refused.
                refusal: .ofAgent(refused.filter { $0.verdict != .map }, progress.refusedMaps.map(\.map)),
                object: progress.object
            )
        case (.rejected, true):
            return Contradiction(
                text: "bpftool can't load the object although every program of it was accepted from the agent",
                refusal: .ofBPFTool(output),
                object: progress.object
            )
        default:
            return nil
        }
    }

    private static let mostNames = 4

    private static func names(_ programs: [String]) -> String {
        let rest = programs.count - mostNames
        return programs.prefix(mostNames).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}

extension ObjectProgress {
    /// Why the agent's word on the object can't be held against that of an image's loader, which sets nothing in it and loads no
    /// modules; nil where it can.
    var differenceFromImages: String? {
        if !assumptions.contract.isEmpty { return "it loads the object without the values that are assumed" }
        if !modules.plan.isEmpty { return "it has not loaded the modules that the object needs" }
        return nil
    }

    /// With bpftool as the only loader its word on the object is the object's one cell, whether it is the machine's or an
    /// image's.
    func cellsByWitness(_ statement: WitnessStatement) -> [Cell] {
        let isAccepted = statement.verdict == .accepted
        return [
            Cell(
                object: object.name,
                program: Self.wholeObject,
                kernel: kernel,
                verdict: statement.verdict,
                message: isAccepted ? nil : statement.reason ?? "bpftool failed without a word",
                explanation: statement.explanation,
                isCached: statement.isCached,
                log: isAccepted ? nil : statement.output,
                logSHA256: isAccepted ? nil : statement.outputSHA256,
                logBytes: isAccepted ? nil : statement.outputBytes
            ).explained
        ]
    }

    /// The same statement with no more of what was printed than results have; the rest is kept beside.
    func kept(
        _ statement: WitnessStatement,
        by logs: LogKeeper,
        tell: @Sendable (String) -> Void
    ) async -> WitnessStatement {
        let (log, failure) = await logs.keep(Array(statement.output.utf8))
        if let failure { tell("\(failure)") }
        // Before it is cut: the reason may lie where the excerpt has nothing.
        let cell = cellsByWitness(statement).first
        var short = statement
        if let reference = log.reference {
            short.output = log.excerpt.text
            short.outputSHA256 = reference.digest.hexadecimal
            short.outputBytes = reference.bytes
            short.explanation = cell?.explanation
        }
        let isOnlyWord = cells.isEmpty && self.statement == nil
        if isOnlyWord, let cell, cell.verdict != .accepted { await logs.write(log, of: cell) }
        return short
    }

    /// Stands in `Cell.program` where a verdict is about the object as a whole.
    static let wholeObject = "*"
}
