// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// What a check found, for people: the matrix of predictions, then why, once each.
public struct CheckReport: Sendable {
    private let results: CheckResults
    private let style: TextStyle
    private let isWhole: Bool

    /// - Parameter isWhole: every program has a row of its own, however many an object has.
    public init(_ results: CheckResults, style: TextStyle, isWhole: Bool = false) {
        self.results = results
        self.style = style
        self.isWhole = isWhole
    }

    public var text: String {
        let reasons = CheckReasons(results, style: style, heading: heading)
        let parts = [
            table, AssumedLines(results).lines + ModuleLines(results).lines, oldest,
            reasons.failures + reasons.refusals, reasons.unknowns,
            reasons.attachment,
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

    private func heading(_ spec: String) -> String { results.kernels.heading(of: spec).printable }

    private func text(_ cell: CheckCell) -> String {
        switch cell.prediction {
        case .fits: (style.isUnicode ? "✓ fits" : "ok fits") + (cell.assumed == nil ? "" : " assumed")
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
        let cells = Dictionary(results.cells.map { ([$0.object, $0.program, $0.kernel], $0) }) { one, _ in one }
        let widest = results.cells.map { text($0).count }.max() ?? 1
        let columns = results.kernels.map {
            ProgramTable.Column(kernel: $0.spec, heading: heading($0.spec), widest: widest)
        }
        return ProgramTable(objects: results.objects, columns: columns, style: style, isWhole: isWhole)
            .lines { object, program, column in
                cells[[object.name, program.name, column.kernel]].map {
                    ProgramTable.Word(text: text($0), paint: paint($0.prediction))
                }
            }
    }

    // MARK: The oldest kernel

    /// Once for all programs of which the same holds.
    private var oldest: [String] {
        let occurrences = (results.oldest ?? []).map { entry in
            Finding.Occurrence(lines(entry), for: ProgramName(object: entry.object, program: entry.program), on: "")
        }
        return Finding.collect(occurrences).flatMap { finding in
            let title = "\(ProgramList(finding.programs, of: results.objects).text): \(finding.reason.first ?? "")"
            return [title] + finding.reason.dropFirst()
        }
    }

    private func lines(_ entry: OldestKernel) -> [String] {
        let title: String
        switch (entry.kernel, entry.older) {
        case (let kernel?, let older?):
            let word = entry.isCertain ? "not on" : "not known on"
            title =
                "fits \(from(entry)) \(heading(kernel)); \(word) \(heading(older)), the next older that was checked\(but(entry))"
        case (let kernel?, nil):
            title = "fits \(from(entry)) \(heading(kernel)), the oldest that was checked\(but(entry))"
        case (nil, let older?):
            let word = entry.isCertain ? "not on" : "not known on"
            title = "fits on none that was checked; \(word) \(heading(older)), the newest"
        case (nil, nil): title = "nothing was checked"
        }
        let reasons = entry.reasons + shared(entry)
        let rest = reasons.count - Self.mostReasons
        return [title] + reasons.prefix(Self.mostReasons).map { "    " + line($0) }
            + (rest > 0 ? ["    and \(rest) more"] : [])
    }

    /// What stands in the way of the object as a whole.
    private func shared(_ entry: OldestKernel) -> [CheckReason] {
        guard let whole = entry.older.flatMap({ results.whole(entry.object, on: $0) }) else { return [] }
        return entry.isCertain ? whole.reasons : whole.unknowns
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
        if results.count(.cannotTell) > 0 { parts.append("\(results.count(.cannotTell)) not known") }
        parts.append(results.kernels.count == 1 ? "1 kernel" : "\(results.kernels.count) kernels")
        parts.append("predicted, not loaded")
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
