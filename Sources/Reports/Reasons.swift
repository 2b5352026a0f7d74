// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// Why cells are not green: each reason once, with the programs and kernels that it holds for.
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
        results.kernels.flatMap { kernel -> [String] in
            guard let failure = kernel.failure?.printableLines else { return [] }
            let title = "\(style.text(.infrastructure))  \(name(kernel.spec)): \(failure.first ?? "")"
            return style.entry(title, Array(failure.dropFirst()))
        }
    }

    private var cells: [String] {
        RefusalGroup.groups(of: results).flatMap {
            RefusalLines($0, of: results.objects, style: style, heading: name).lines
        }
    }

    /// What a witness said of some objects, and how it is told.
    private struct Word: Hashable {
        let loader: String
        let text: String
    }

    private var disagreements: [String] {
        let words = results.bpftool.compactMap { statement in
            statement.disagreement.map { occurrence(statement, $0) }
        }
        return Finding.collect(words).flatMap { finding in
            line(finding, style.paint("!", .doubtful), "disagrees about")
        }
    }

    /// bpftool was asked and gave no answer, although the kernel could be asked.
    private var silentWitnesses: [String] {
        let failed = Set(results.kernels.filter { $0.failure != nil }.map(\.spec))
        let words = results.silentStatements.filter { !failed.contains($0.kernel) }.map { statement in
            occurrence(statement, statement.incomparable ?? statement.reason ?? "it printed nothing")
        }
        return Finding.collect(words).flatMap { line($0, "?", "has no word on") }
    }

    private func occurrence(_ statement: WitnessStatement, _ text: String) -> Finding<Word>.Occurrence {
        .init(
            Word(loader: statement.loaderName, text: text),
            for: ProgramName(object: statement.object, program: "*"),
            on: statement.kernel
        )
    }

    private func line(_ finding: Finding<Word>, _ sign: String, _ verb: String) -> [String] {
        let extents = ExtentLines(finding.extents, of: results.objects, heading: name).texts
        let text = finding.reason.text.printableLines
        let title =
            "\(sign)  \(finding.reason.loader.printable) \(verb) \(extents.first ?? ""): \(text.first ?? "")"
        return style.entry(title, extents.dropFirst().map { "and \($0)" } + text.dropFirst())
    }

    private func name(_ spec: String) -> String { results.kernels.heading(of: spec) }
}

extension MatrixResults {
    /// Whether there was something that the statement could have contradicted: a verdict of the kernel's on all of the object,
    /// through somebody else.
    func isCompared(_ statement: WitnessStatement) -> Bool {
        guard statement.incomparable == nil, statement.verdict == .accepted || statement.verdict == .rejected
        else { return false }
        let others = cells.filter { $0.object == statement.object && $0.kernel == statement.kernel }
        return !others.isEmpty
            && others.allSatisfy { $0.verdict.isVerdict && !($0.program == "*" && $0.verdict == .object) }
    }

    /// Where bpftool neither confirms nor contradicts: it gave no answer, failed for reasons of its own over what the kernel
    /// accepted, or had another libbpf ask the kernel for something else.
    var silentStatements: [WitnessStatement] {
        bpftool.filter { statement in
            if statement.incomparable != nil { return true }
            guard statement.verdict == .object else { return !statement.verdict.isVerdict }
            return cells.filter { $0.object == statement.object && $0.kernel == statement.kernel }
                .allSatisfy { $0.verdict == .accepted }
        }
    }
}
