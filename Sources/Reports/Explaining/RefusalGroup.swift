// SPDX-License-Identifier: Apache-2.0

import Results
import VerifierLog

/// The same thing said of the same program by several kernels: told once.
public struct RefusalGroup: Sendable, Hashable {
    public let object: String
    /// `*` for the whole object.
    public let program: String
    public let verdict: Verdict
    /// Of the cell that tells most of where it is; nil where nobody has refused anything.
    public let explanation: Explanation?
    /// In the order of the results; never empty.
    public let cells: [Cell]

    /// What makes two cells say the same.
    private struct Reason: Hashable {
        let object: String
        let program: String
        let verdict: Verdict
        let code: CauseCode?
        /// The sentence where there is one, for kernels word the same differently; otherwise message and errno.
        let text: String
        let errno: Int?
        let source: String?
    }

    /// All that are not accepted, but for those that were lost with their kernel: what happened to it is told of the kernel.
    public static func groups(of results: MatrixResults) -> [RefusalGroup] {
        let failed = Set(results.kernels.filter { $0.failure != nil }.map(\.spec))
        return groups(
            results.cells.filter { cell in
                cell.verdict != .accepted && !(cell.verdict == .infrastructure && failed.contains(cell.kernel))
            }
        )
    }

    public static func groups(_ cells: [Cell]) -> [RefusalGroup] {
        var order: [Reason] = []
        var saying: [Reason: [Cell]] = [:]
        for cell in cells {
            let reason = reason(of: cell)
            if saying[reason] == nil { order.append(reason) }
            saying[reason, default: []].append(cell)
        }
        return order.compactMap { reason in saying[reason].map { RefusalGroup(reason, $0) } }
    }

    private init(_ reason: Reason, _ cells: [Cell]) {
        object = reason.object
        program = reason.program
        verdict = reason.verdict
        self.cells = cells
        let explanations = cells.compactMap(\.explanation)
        // Of several that know as much, that of the newest kernel: it has the most names in it.
        explanation = explanations.reversed().max { $0.knownOfPlace < $1.knownOfPlace }
    }

    private static func reason(of cell: Cell) -> Reason {
        let explanation = cell.explanation.flatMap { $0.code == .unknown ? nil : $0 }
        return Reason(
            object: cell.object,
            program: cell.program,
            verdict: cell.verdict,
            code: cell.explanation?.code,
            text: explanation?.sentence ?? cell.message ?? "no reason was given",
            errno: explanation == nil ? cell.errno : nil,
            // Without the place, which not every kernel prints: the same line is the same reason.
            source: explanation?.place?.text ?? cell.sourceLine.map(Self.withoutPlace)
        )
    }

    private static func withoutPlace(_ line: String) -> String {
        line.firstRange(of: " @ ").map { String(line[..<$0.lowerBound]) } ?? line
    }

    /// What the kernels said, each wording once, with the names of those that used it.
    var wordings: [(words: [String], kernels: [String])] {
        var order: [[String]] = []
        var kernels: [[String]: [String]] = [:]
        for cell in cells {
            let words = cell.explanation?.words ?? cell.message.map { [$0] } ?? []
            if kernels[words] == nil { order.append(words) }
            kernels[words, default: []].append(cell.kernel)
        }
        return order.filter { !$0.isEmpty }.map { ($0, kernels[$0] ?? []) }
    }

    /// `EACCES`, or several where kernels differ.
    var errnoNames: String? {
        var names: [String] = []
        for case let errno? in cells.map(\.errno) where !names.contains(ErrnoName.name(errno)) {
            names.append(ErrnoName.name(errno))
        }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }
}

extension Explanation {
    /// The more, the better an account of the same thing.
    fileprivate var knownOfPlace: Int {
        (place?.line != nil ? 20 : place != nil ? 10 : 0) + registers.count { $0.value != nil }
    }
}
