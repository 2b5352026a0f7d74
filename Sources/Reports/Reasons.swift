// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// Why cells are not green: each reason once, with the kernels that gave it.
struct Reasons {
    private struct Reason: Hashable {
        let object: String
        let program: String
        let verdict: Verdict
        let errno: Int?
        let message: String
        /// Without the place, which only newer kernels print: the same line is the same reason.
        let source: String?
    }

    private let results: MatrixResults
    private let style: TextStyle

    init(_ results: MatrixResults, style: TextStyle) {
        self.results = results
        self.style = style
    }

    var lines: [String] {
        kernels + cells + disagreements + silentWitnesses
    }

    /// Kernels that could not be asked, once each and not once per cell.
    private var kernels: [String] {
        results.kernels.compactMap { kernel in
            kernel.failure.map { "\(style.text(.infrastructure))  \(name(kernel.spec)): \($0.printable)" }
        }
    }

    private var cells: [String] {
        let failed = Set(results.kernels.filter { $0.failure != nil }.map(\.spec))
        var order: [Reason] = []
        var saying: [Reason: [String]] = [:]
        var places: [Reason: String] = [:]
        for cell in results.cells where cell.verdict != .accepted {
            if cell.verdict == .infrastructure && failed.contains(cell.kernel) { continue }
            let reason = Reason(
                object: cell.object,
                program: cell.program,
                verdict: cell.verdict,
                errno: cell.errno,
                message: cell.message ?? "no reason was given",
                source: cell.sourceLine.map { $0.components(separatedBy: " @ ")[0] }
            )
            if saying[reason] == nil { order.append(reason) }
            if let line = cell.sourceLine, line.contains(" @ ") { places[reason] = line }
            saying[reason, default: []].append(name(cell.kernel))
        }
        return order.flatMap { reason in
            let place = reason.program == "*" ? reason.object : "\(reason.object) \(reason.program)"
            let number = reason.errno.map { " (\(ErrnoName.name($0)))" } ?? ""
            let verdict = style.paint(style.text(reason.verdict), style.paint(of: reason.verdict))
            let kernels = (saying[reason] ?? []).joined(separator: ", ")
            let source = (places[reason] ?? reason.source).map { ["    at: \($0.printable)"] } ?? []
            return ["\(verdict)  \(place.printable) on \(kernels)\(number)", "    \(reason.message.printable)"] + source
        }
    }

    private var disagreements: [String] {
        results.bpftool.compactMap { statement in
            statement.disagreement.map {
                style.paint("!", .doubtful)
                    + "  \(statement.loaderName.printable) disagrees about \(statement.object.printable) on \(name(statement.kernel)): "
                    + $0.printable
            }
        }
    }

    /// bpftool was asked and gave no answer, although the kernel could be asked.
    private var silentWitnesses: [String] {
        let failed = Set(results.kernels.filter { $0.failure != nil }.map(\.spec))
        return results.silentStatements.filter { !failed.contains($0.kernel) }.map { statement in
            let said = statement.reason ?? "it said nothing"
            return
                "?  \(statement.loaderName.printable) has no word on \(statement.object.printable) on \(name(statement.kernel)): "
                + said.printable
        }
    }

    private func name(_ spec: String) -> String { results.kernels.heading(of: spec) }
}

extension MatrixResults {
    /// Whether there was something that the statement could have contradicted: a verdict of the kernel's on all of the object,
    /// through somebody else.
    func isCompared(_ statement: WitnessStatement) -> Bool {
        guard statement.verdict == .accepted || statement.verdict == .rejected else { return false }
        let others = cells.filter { $0.object == statement.object && $0.kernel == statement.kernel }
        return !others.isEmpty
            && others.allSatisfy { $0.verdict.isVerdict && !($0.program == "*" && $0.verdict == .object) }
    }

    /// Where bpftool neither confirms nor contradicts: it gave no answer, or failed for reasons of its own over what the
    /// kernel accepted.
    var silentStatements: [WitnessStatement] {
        bpftool.filter { statement in
            guard statement.verdict == .object else { return !statement.verdict.isVerdict }
            return cells.filter { $0.object == statement.object && $0.kernel == statement.kernel }
                .allSatisfy { $0.verdict == .accepted }
        }
    }
}
