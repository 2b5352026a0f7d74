// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Results
import VerifierLog

/// Two words on an object that can't both be true of one and the same request to the kernel.
struct Contradiction {
    let text: String
    let refusal: Refusal
    let object: TestObject

    /// What was refused to one of the two.
    enum Refusal {
        /// What a bpftool printed: it names what was refused, and stops there.
        case ofBPFTool(String)
        /// Programs and maps.
        case ofAgent([Cell], [String])
    }

    /// Why it need not be the kernel that contradicts itself: two versions of libbpf may have asked it for different things. nil where
    /// they did not.
    func obstacle(_ loaders: WitnessJudgement.Loaders) -> String? {
        let witness = loaders.witness.map { "\($0)" } ?? "before 1.0"
        let other = loaders.other.map { "\($0)" } ?? "before 1.0"
        switch refusal {
        case .ofBPFTool(let output):
            if WitnessJudgement.isPassing(output) { return "the kernel was short of memory when bpftool loaded it" }
            guard loaders.witness != loaders.other else { return nil }
            if Self.isUnresolved(output) {
                return "libbpf \(witness) and libbpf \(other) resolve its names differently"
            }
            return difference(parts(in: output), in: output, loaders)
        case .ofAgent(let cells, let maps):
            guard loaders.witness != loaders.other else { return nil }
            if maps.isEmpty, cells.allSatisfy({ $0.verdict == .object }) {
                return "libbpf \(other) refuses what its libbpf (\(witness)) takes, and the kernel was not asked"
            }
            return difference(cells.map { part(program: $0.program) } + maps.map(part(map:)), in: nil, loaders)
        }
    }

    /// The first of the differences that each of the parts has one of; nil where one part has none.
    private func difference(
        _ parts: [LibbpfDifference.Part?],
        in output: String?,
        _ loaders: WitnessJudgement.Loaders
    ) -> String? {
        var found: LibbpfDifference?
        for part in parts {
            guard let part,
                let difference = LibbpfDifference.between(loaders.witness, loaders.other, for: part, in: output)
            else { return nil }
            found = found ?? difference
        }
        guard let found else { return nil }
        let witness = loaders.witness.map { "\($0)" } ?? "before 1.0"
        return (loaders.witness.map { $0 < found.since } ?? true)
            ? "its libbpf (\(witness)) does not know \(found.subject), which came with libbpf \(found.since)"
            : "its libbpf (\(witness)) knows \(found.subject), which came with libbpf \(found.since)"
    }

    /// Whether the kernel refused what libbpf puts in the place of something that it could not resolve.
    private static func isUnresolved(_ output: String) -> Bool {
        ToolOutput(Array(output.utf8)).parts.contains { part in
            UnresolvedCall(in: part.log) != nil
                || part.log.messages.contains { $0.hasPrefix("failed to resolve CO-RE relocation") }
        }
    }

    // MARK: What was refused

    /// What bpftool was refused, as libbpf names it; `[nil]` where it names nothing.
    private func parts(in output: String) -> [LibbpfDifference.Part?] {
        let program =
            #/prog '([^'\n]+)': (?:BPF program load failed|failed to load: )|failed to load program '([^'\n]+)'/#
        let map = #/map '([^'\n]+)': failed to create/#
        if let match = output.firstMatch(of: program) {
            return [(match.1 ?? match.2).flatMap { part(program: String($0)) }]
        }
        if let match = output.firstMatch(of: map) { return [part(map: String(match.1))] }
        return [nil]
    }

    private func part(program name: String) -> LibbpfDifference.Part? {
        object.read.program(name).map { .program($0) }
    }

    private func part(map name: String) -> LibbpfDifference.Part? {
        object.read.whole?.maps.first { $0.name == name }.map { .map($0) }
    }
}
