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
        lines(of: \.reasons, \.reasons, sign: style.paint(style.isUnicode ? "✗ will fail" : "x will fail", .bad)) { _ in
            true
        }
    }

    var unknowns: [String] {
        lines(of: \.unknowns, \.unknowns, sign: style.paint("?", .doubtful)) { $0.prediction == .cannotTell }
    }

    var attachment: [String] {
        lines(of: \.attachment, \.attachment, sign: style.paint("! can be loaded, and not attached", .doubtful)) {
            $0.prediction != .willFail
        }
    }

    private func lines(
        of cell: KeyPath<CheckCell, [CheckReason]>,
        _ whole: KeyPath<CheckWhole, [CheckReason]>,
        sign: String,
        where isWanted: (CheckCell) -> Bool
    ) -> [String] {
        Finding.collect(occurrences(cell, whole, where: isWanted)).flatMap { lines(of: $0, sign) }
    }

    /// In the order of the cells; what concerns an object as a whole comes behind its first cell's own.
    private func occurrences(
        _ cell: KeyPath<CheckCell, [CheckReason]>,
        _ whole: KeyPath<CheckWhole, [CheckReason]>,
        where isWanted: (CheckCell) -> Bool
    ) -> [Finding<CheckReason>.Occurrence] {
        var wholes = Dictionary(results.wholes.map { ([$0.object, $0.kernel], $0) }) { one, _ in one }
        let cells = Dictionary(grouping: results.cells) { [$0.object, $0.kernel] }
        var occurrences: [Finding<CheckReason>.Occurrence] = []
        for found in results.cells {
            if isWanted(found) {
                let program = ProgramName(object: found.object, program: found.program)
                occurrences += found[keyPath: cell].map { .init($0, for: program, on: found.kernel) }
            }
            let key = [found.object, found.kernel]
            guard let shared = wholes.removeValue(forKey: key)?[keyPath: whole], !shared.isEmpty else { continue }
            let programs = programs(cells[key] ?? [], where: isWanted)
            for reason in shared {
                occurrences += programs.map { .init(reason, for: $0, on: found.kernel) }
            }
        }
        return occurrences
    }

    /// The programs of one object that are meant, in one name where they are all of several.
    private func programs(_ cells: [CheckCell], where isWanted: (CheckCell) -> Bool) -> [ProgramName] {
        let wanted = cells.filter(isWanted)
        guard let first = wanted.first, wanted.count > 1, wanted.count == cells.count else {
            return wanted.map { ProgramName(object: $0.object, program: $0.program) }
        }
        return [ProgramName(object: first.object, program: ProgramName.every)]
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
