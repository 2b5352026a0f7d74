// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results

/// What bpftool's word on an object amounts to, and whether it can be true together with the agent's.
enum WitnessJudgement {
    /// Under which `ObjectProgress` counts guests that were lost while bpftool ran; no C function has this name.
    static let lossKey = "(bpftool)"

    /// - Parameter other: this machine's bpftool on the same object and kernel, to be compared with where the agent has not
    ///   been asked.
    static func statement(
        _ said: WitnessReport,
        about progress: ObjectProgress,
        comparedWith other: WitnessStatement? = nil
    ) -> WitnessStatement {
        let output = String(decoding: said.output, as: UTF8.self)
        let verdict = verdict(said.status, output)
        return WitnessStatement(
            object: progress.object.name,
            kernel: progress.kernel,
            verdict: verdict,
            output: output,
            disagreement: disagreement(verdict, progress) ?? other.flatMap { disagreement(verdict, $0) }
        )
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
        let signs = ["Cannot allocate memory", "-ENOMEM", "Resource temporarily unavailable", "-EAGAIN"]
        let output = String(decoding: said.output, as: UTF8.self)
        return said.status != 0 && signs.contains { output.contains($0) }
    }

    private static func disagreement(_ verdict: Verdict, _ other: WitnessStatement) -> String? {
        switch (verdict, other.verdict) {
        case (.accepted, .rejected): "it loads the object, which was refused to this machine's \(other.loaderName)"
        case (.rejected, .accepted):
            "the object is refused to it, and was accepted from this machine's \(other.loaderName)"
        default: nil
        }
    }

    /// bpftool loads all programs but the optional ones (`SEC("?…")`), and fails if one of them or a map fails.
    private static func disagreement(_ verdict: Verdict, _ progress: ObjectProgress) -> String? {
        guard progress.isLoaded, !progress.cells.isEmpty, verdict.isVerdict else { return nil }
        let optional = Set(progress.object.contents.programs.filter(\.isOptional).map(\.name))
        let cells = progress.cells.values.filter { !optional.contains($0.program) }
        guard cells.allSatisfy(\.verdict.isVerdict) else { return nil }
        let refused = cells.filter { $0.verdict != .accepted }.map(\.program).sorted()
        switch (verdict, refused.isEmpty && progress.refusedMaps.isEmpty) {
        case (.accepted, false):
            return refused.isEmpty
                ? "bpftool loads the object although a map was refused to the agent"
                : "bpftool loads the object although \(refused.joined(separator: ", ")) was refused to the agent"
        case (.rejected, true):
            return "bpftool can't load the object although every program of it was accepted from the agent"
        default:
            return nil
        }
    }
}

extension ObjectProgress {
    /// With bpftool as the only loader its word on the object is the object's one cell, whether it is the machine's or an
    /// image's.
    func cellsByWitness(_ statement: WitnessStatement) -> [Cell] {
        let message = statement.reason ?? "bpftool failed without a word"
        return [
            Cell(
                object: object.name,
                program: Self.wholeObject,
                kernel: kernel,
                verdict: statement.verdict,
                message: statement.verdict == .accepted ? nil : message,
                isCached: statement.isCached,
                log: statement.verdict == .accepted ? nil : statement.output
            ).explained
        ]
    }

    /// Stands in `Cell.program` where a verdict is about the object as a whole.
    static let wholeObject = "*"
}
