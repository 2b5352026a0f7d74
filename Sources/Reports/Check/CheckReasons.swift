// SPDX-License-Identifier: Apache-2.0

import Results

/// Why cells of a check are not green: each reason once, with the programs and kernels that it holds for.
struct CheckReasons {
    private let results: CheckResults
    private let style: TextStyle
    private let heading: (String) -> String

    /// - Parameter heading: what people are told a kernel by.
    init(_ results: CheckResults, style: TextStyle, heading: @escaping (String) -> String) {
        self.results = results
        self.style = style
        self.heading = heading
    }

    /// Kernels that could not be had, or of which something could not be read.
    var failures: [String] {
        results.kernels.flatMap { kernel -> [String] in
            guard let failure = kernel.failure else { return [] }
            let lines = failure.printableLines
            return ["?  \(heading(kernel.spec)): \(lines.first ?? "")"] + lines.dropFirst().map { "   \($0)" }
        }
    }

    var refusals: [String] {
        lines(of: \.reasons, sign: style.paint(style.isUnicode ? "✗ will fail" : "x will fail", .bad)) { _ in true }
    }

    var unknowns: [String] { lines(of: \.unknowns, sign: style.paint("?", .doubtful)) { $0.prediction == .cannotTell } }

    var attachment: [String] {
        lines(of: \.attachment, sign: style.paint("! can be loaded, and not attached", .doubtful)) { _ in true }
    }

    private func lines(
        of path: KeyPath<CheckCell, [CheckReason]>,
        sign: String,
        where isWanted: (CheckCell) -> Bool
    ) -> [String] {
        let occurrences = results.cells.filter(isWanted).flatMap { cell in
            cell[keyPath: path].map { reason in
                let program = ProgramName(object: cell.object, program: cell.program)
                return Finding.Occurrence(reason, for: program, on: cell.kernel)
            }
        }
        return Finding.collect(occurrences).flatMap { lines(of: $0, sign) }
    }

    private func lines(of finding: Finding<CheckReason>, _ sign: String) -> [String] {
        let reason = finding.reason
        let place = reason.place.map { "  " + style.paint($0.name.printable, .strong) } ?? ""
        let extents = ExtentLines(finding.extents, of: results.objects, heading: heading).texts
        let title = "\(sign) [\(reason.code)]\(place)  \(extents.first ?? "")"
        let details = [
            reason.sentence, reason.place.flatMap { $0.text.isEmpty ? nil : "at: \(excerpt($0.text))" },
            reason.cure.map { "\(style.arrow) \($0)" },
        ]
        return style.entry(title, extents.dropFirst().map { "and \($0)" } + details.compactMap { $0?.printable })
    }

    /// A line of C may be as long as its author, or a generator, liked.
    private func excerpt(_ text: String) -> String {
        text.count > Self.longestExcerpt ? text.prefix(Self.longestExcerpt) + "…" : text
    }

    private static let longestExcerpt = 200
}
