// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// What the kernel itself reports, in its own words and marked as such.
extension ExplanationText {
    /// More are not read by people; the last ones are the nearest to the failure.
    private static let mostEvents = 8

    func lines(of report: KernelReport?) -> [String] {
        guard let report else { return [] }
        var texts = [
            style.paint(
                [report.category, report.problem].filter { !$0.isEmpty }.joined(separator: ": ").printable,
                .strong
            )
        ]
        if let reason = report.reason { texts.append(reason.printable) }
        if let error = report.error, !error.text.isEmpty { texts.append(described(error)) }
        // Branches are in "the way there", with where they led.
        let events = report.events.filter { $0.kind != "branch" && !$0.text.isEmpty }
        return labelled("kernel's report", texts)
            + labelled("  it happened", events.suffix(Self.mostEvents).map(described))
            + labelled("  it suggests", report.suggestion.map { [$0.printable] } ?? [])
    }

    /// `null.c:12  R0 changed from …`
    private func described(_ event: KernelReportEvent) -> String {
        let place =
            event.file.flatMap { file in event.line.map { "\(file):\($0)" } }
            ?? event.instruction.map { "instruction \($0)" }
        return [place, event.text].compactMap { $0?.printable }.joined(separator: "  ")
    }
}
