// SPDX-License-Identifier: Apache-2.0

import Results
import VerifierLog

/// What several kernels, or several programs, were refused for alike: told once.
public struct RefusalGroup: Sendable, Hashable {
    /// Which programs, and on which kernels; never empty.
    let extents: [Finding<RefusalReason>.Extent]
    public let verdict: Verdict
    /// Of the cell that tells most of where it is; nil where nobody has refused anything.
    public let explanation: Explanation?
    /// In the order of the results; never empty.
    public let cells: [Cell]

    /// In the order of the results; never empty.
    public var programs: [ProgramName] { extents.flatMap(\.programs) }

    /// What becomes one group.
    public enum Detail: Sendable {
        /// Equal reasons of any programs.
        case reasons
        /// The same, but for reasons that lie on a program's own path through its code: those stay with their program, for the path
        /// is another in each.
        case paths
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

    public static func groups(_ cells: [Cell], in detail: Detail = .reasons) -> [RefusalGroup] {
        let refusals = ProgramRefusal.collect(cells)
        var cellsOf: [RefusalReason: [ProgramName: [Cell]]] = [:]
        var occurrences: [Finding<RefusalReason>.Occurrence] = []
        for refusal in refusals {
            let reason = refusal.reason(in: detail)
            cellsOf[reason, default: [:]][refusal.program, default: []] += refusal.cells
            occurrences += refusal.cells.map { .init(reason, for: refusal.program, on: $0.kernel) }
        }
        return Finding.collect(occurrences).map { finding in
            RefusalGroup(finding, finding.programs.flatMap { cellsOf[finding.reason]?[$0] ?? [] })
        }
    }

    private init(_ finding: Finding<RefusalReason>, _ cells: [Cell]) {
        extents = finding.extents
        verdict = finding.reason.verdict
        explanation = Self.best(cells)
        self.cells = cells
    }

    /// Of several that know as much, that of the newest kernel: it has the most names in it.
    fileprivate static func best(_ cells: [Cell]) -> Explanation? {
        let all = cells.compactMap(\.explanation)
        var best = all.reversed().max { $0.knownOfPlace < $1.knownOfPlace }
        // Only new kernels make reports, and they say the same in more words.
        if best?.report == nil { best?.report = all.last { $0.report != nil }?.report }
        return best
    }

    /// What the kernels said, each wording once, with the names of those that used it.
    var wordings: [(words: [String], kernels: [String])] {
        var order: [[String]] = []
        var kernels: [[String]: [String]] = [:]
        for cell in cells {
            let words = cell.explanation?.words ?? cell.message.map { [$0] } ?? []
            if kernels[words] == nil { order.append(words) }
            if kernels[words]?.contains(cell.kernel) != true { kernels[words, default: []].append(cell.kernel) }
        }
        return order.filter { !$0.isEmpty }.map { ($0, kernels[$0] ?? []) }
    }

    /// The line that most cells have for a reason, and how many have it.
    var message: (text: String, count: Int)? {
        var order: [String] = []
        var counts: [String: Int] = [:]
        for case let message? in cells.map(\.message) {
            if counts[message] == nil { order.append(message) }
            counts[message, default: 0] += 1
        }
        // The first of several that are as frequent.
        return order.reversed().map { ($0, counts[$0] ?? 0) }.max { $0.1 < $1.1 }
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

/// What makes the refusals of two programs the same.
struct RefusalReason: Hashable {
    let verdict: Verdict
    let code: CauseCode?
    /// The sentence where there is one, for kernels word the same differently; otherwise message and errno.
    let text: String
    let errno: Int?
    /// `open.c:12`, or the line's text where no kernel knows its number.
    let place: String?
    let cure: String?
    let since: LinuxVersion?
    /// Set where the reason stays with its program.
    let program: ProgramName?
}

/// The same thing said of the same program by several kernels.
private struct ProgramRefusal {
    let program: ProgramName
    let verdict: Verdict
    let text: String
    let cells: [Cell]

    /// What makes two cells of a program say the same.
    private struct Key: Hashable {
        let program: ProgramName
        let verdict: Verdict
        let code: CauseCode?
        let text: String
        let errno: Int?
        /// Without the place, which not every kernel prints: the same line is the same reason.
        let source: String?

        init(_ cell: Cell) {
            let known = Self.known(cell)
            program = ProgramName(object: cell.object, program: cell.program)
            verdict = cell.verdict
            code = cell.explanation?.code
            text = known?.sentence ?? cell.message ?? "no reason was given"
            errno = known == nil ? cell.errno : nil
            source = known?.place?.text ?? cell.sourceLine.map(Self.withoutPlace)
        }

        static func known(_ cell: Cell) -> Explanation? {
            cell.explanation.flatMap { $0.code == .unknown ? nil : $0 }
        }

        private static func withoutPlace(_ line: String) -> String {
            line.firstRange(of: " @ ").map { String(line[..<$0.lowerBound]) } ?? line
        }
    }

    static func collect(_ cells: [Cell]) -> [ProgramRefusal] {
        var order: [Key] = []
        var saying: [Key: [Cell]] = [:]
        for cell in cells {
            let key = Key(cell)
            if saying[key] == nil { order.append(key) }
            saying[key, default: []].append(cell)
        }
        return order.map { key in
            ProgramRefusal(program: key.program, verdict: key.verdict, text: key.text, cells: saying[key] ?? [])
        }
    }

    func reason(in detail: RefusalGroup.Detail) -> RefusalReason {
        let explanation = RefusalGroup.best(cells)
        let known = explanation?.code == .unknown ? nil : explanation
        let isOwn = detail == .paths && explanation?.instruction != nil
        return RefusalReason(
            verdict: verdict,
            code: explanation?.code,
            text: text,
            errno: known == nil ? cells.first?.errno : nil,
            place: explanation?.place.flatMap { $0.line == nil ? $0.text : $0.name } ?? cells.first?.sourceLine,
            cure: known?.cure,
            since: known?.since,
            program: isOwn ? program : nil
        )
    }
}

extension Explanation {
    /// The more, the better an account of the same thing.
    fileprivate var knownOfPlace: Int {
        (place?.line != nil ? 20 : place != nil ? 10 : 0) + registers.count { $0.value != nil }
    }
}
