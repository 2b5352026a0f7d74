// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// What a check found, for people: the matrix of predictions, then why, once each.
public struct CheckReport: Sendable {
    private let results: CheckResults
    private let style: TextStyle

    public init(_ results: CheckResults, style: TextStyle) {
        self.results = results
        self.style = style
    }

    public var text: String {
        let reasons = CheckReasons(results, style: style, heading: heading)
        let parts = [
            table, oldest, reasons.failures + reasons.refusals, reasons.unknowns, reasons.attachment,
        ]
        let blocks = parts.filter { !$0.isEmpty } + [[sum]]
        return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    /// As `results`, for programs.
    public static func json(_ results: CheckResults) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(results) + Data("\n".utf8)
    }

    // MARK: The matrix

    private func heading(_ spec: String) -> String {
        guard let kernel = results.kernels.first(where: { $0.spec == spec }) else { return spec.printable }
        let isUnique = !results.kernels.contains { $0.spec != spec && $0.version == kernel.version }
        return (isUnique ? kernel.version : spec).printable
    }

    private func text(_ prediction: Prediction) -> String {
        switch prediction {
        case .fits: style.isUnicode ? "✓ fits" : "ok fits"
        case .willFail: style.isUnicode ? "✗ will fail" : "x will fail"
        case .cannotTell: "?"
        }
    }

    private func paint(_ prediction: Prediction) -> TextStyle.Paint {
        switch prediction {
        case .fits: .good
        case .willFail: .bad
        case .cannotTell: .doubtful
        }
    }

    private var table: [String] {
        let cells = Dictionary(results.cells.map { ([$0.object, $0.program, $0.kernel], $0.prediction) }) { one, _ in
            one
        }
        let programs = results.objects.flatMap(\.programs)
        let nameWidth = max(16, programs.map { $0.name.printable.count }.max() ?? 0)
        let typeWidth = programs.map(\.type.count).max() ?? 0
        let widest = Prediction.allCases.filter { results.count($0) > 0 }.map { text($0).count }.max() ?? 1
        let widths = results.kernels.map { max(widest, heading($0.spec).count) }
        func centred(_ text: String, _ width: Int) -> String {
            let room = max(0, width - text.count)
            return String(repeating: " ", count: room / 2) + text + String(repeating: " ", count: room - room / 2)
        }
        let margin = String(repeating: " ", count: 2 + nameWidth + 3 + typeWidth)
        let headings = zip(results.kernels, widths).map { "   " + style.paint(centred(heading($0.spec), $1), .strong) }
        var lines = [(margin + headings.joined()).withoutTrailingBlanks]
        for object in results.objects {
            lines.append(style.paint(object.name.printable, .strong))
            for program in object.programs {
                let row = zip(results.kernels, widths).map { kernel, width in
                    guard let prediction = cells[[object.name, program.name, kernel.spec]] else {
                        return "   " + style.paint(centred(style.pending, width), .faint)
                    }
                    return "   " + style.paint(centred(text(prediction), width), paint(prediction))
                }
                let type = style.paint(program.type.padded(to: typeWidth), .faint)
                let name = program.name.printable.padded(to: nameWidth)
                lines.append("  \(name)   \(type)\(row.joined())".withoutTrailingBlanks)
            }
        }
        return lines
    }

    // MARK: The oldest kernel

    private var oldest: [String] {
        guard let oldest = results.oldest else { return [] }
        return oldest.flatMap { entry in
            let title = "\(entry.object) \(entry.program)".printable
            var lines: [String]
            switch (entry.kernel, entry.older) {
            case (let kernel?, let older?):
                let word = entry.isCertain ? "not on" : "not known on"
                lines = [
                    "\(title): fits \(from(entry)) \(heading(kernel)); \(word) \(heading(older)), the next older that was checked\(but(entry))"
                ]
            case (let kernel?, nil):
                lines = ["\(title): fits \(from(entry)) \(heading(kernel)), the oldest that was checked\(but(entry))"]
            case (nil, let older?):
                let word = entry.isCertain ? "not on" : "not known on"
                lines = ["\(title): fits on none that was checked; \(word) \(heading(older)), the newest"]
            case (nil, nil): lines = ["\(title): nothing was checked"]
            }
            for reason in entry.reasons.prefix(Self.mostReasons) { lines.append("    " + self.line(reason)) }
            if entry.reasons.count > Self.mostReasons {
                lines.append("    and \(entry.reasons.count - Self.mostReasons) more")
            }
            return lines
        }
    }

    /// "From" only where it holds of all that are newer.
    private func from(_ entry: OldestKernel) -> String { entry.newer.isEmpty ? "from" : "on" }

    private func but(_ entry: OldestKernel) -> String {
        entry.newer.isEmpty ? "" : "; but not on \(entry.newer.map(heading).joined(separator: ", "))"
    }

    /// More for one program are counted.
    private static let mostReasons = 3

    private func line(_ reason: CheckReason) -> String {
        let place = reason.place.map { " (\($0.description))" } ?? ""
        return "\(reason.code): \(reason.sentence)\(place)".printable
    }

    private var sum: String {
        var parts = ["\(results.count(.fits)) of \(results.cells.count) fit, the verifier's own analysis left aside"]
        if results.count(.willFail) > 0 { parts.append("\(results.count(.willFail)) will fail") }
        if results.count(.cannotTell) > 0 { parts.append("\(results.count(.cannotTell)) can't be told") }
        parts.append(results.kernels.count == 1 ? "1 kernel" : "\(results.kernels.count) kernels")
        parts.append("no guest was started")
        parts.append("\(Seconds.fine(results.seconds)) s")
        let paint: TextStyle.Paint =
            switch results.exitStatus {
            case ExitStatus.asExpected: .good
            case ExitStatus.notAsExpected: .bad
            default: .doubtful
            }
        return style.paint(parts.joined(separator: style.separator), paint)
    }
}
