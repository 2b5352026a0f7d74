// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// Why cells are not green: each reason once, with the kernels that gave it.
struct Reasons {
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
        RefusalGroup.groups(of: results).flatMap { RefusalLines($0, style: style, heading: name).lines }
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
