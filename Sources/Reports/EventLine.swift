// SPDX-License-Identifier: Apache-2.0

import Results

/// A run where nothing can be redrawn: a line for each event.
public struct EventLines: Sendable {
    private let style: TextStyle
    private var versions: [String: String] = [:]
    private var working = ""

    public init(style: TextStyle) {
        self.style = style
    }

    /// The line for an event; nil where it says nothing new.
    public mutating func line(for event: RunEvent) -> String? {
        text(event)?.printableLines.joined(separator: "\n")
    }

    private mutating func text(_ event: RunEvent) -> String? {
        switch event {
        case .working(let text, _):
            // How far a download has come is for a terminal; that it began is for a log too.
            defer { working = text }
            return text == working ? nil : text
        case .note(let text): return "note: \(text)"
        case .began(let objects, let kernels):
            for kernel in kernels { versions[kernel.spec] = kernels.heading(of: kernel.spec) }
            let programs = objects.map(\.rows.count).reduce(0, +)
            return "testing \(Self.count(programs, "program")) of \(Self.count(objects.count, "object")) on "
                + Self.count(kernels.count, "kernel")
        case .booting(let kernel, let isToBeSaved):
            return "\(name(kernel)): booting" + (isToBeSaved ? ", once for all later runs" : "")
        case .started(let kernel, let seconds, let isRestored):
            return "\(name(kernel)): \(isRestored ? "restored" : "booted") in \(Seconds.fine(seconds)) s"
        case .cells(let cells): return text(cells)
        case .witness(let statement):
            if let disagreement = statement.disagreement {
                return
                    "\(name(statement.kernel)): \(statement.object) \(statement.loaderName.printable) disagrees: \(disagreement)"
            }
            if let obstacle = statement.incomparable {
                return
                    "\(name(statement.kernel)): \(statement.object) \(statement.loaderName.printable) has no word: \(obstacle)"
            }
            let verdict = style.text(statement.verdict, isCached: statement.isCached)
            return "\(name(statement.kernel)): \(statement.object) by \(statement.loaderName.printable) \(verdict)"
        case .kernelFailed(let kernel, let reason): return "\(name(kernel)): given up: \(reason)"
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `6.1.192: probe.bpf.o: 200 of 206 accepted, 6 not (4 rejected, 2 target)`
    private func text(_ cells: [Cell]) -> String? {
        guard let first = cells.first else { return nil }
        let title = "\(name(first.kernel)): \(first.object)"
        if first.program == "*" {
            let reason = first.message.map { ": \($0)" } ?? ""
            return "\(title): \(style.text(first))\(reason)"
        }
        let tally = Tally(cells)
        var parts = ["\(tally.accepted) of \(cells.count) accepted"]
        if !tally.refusals.isEmpty {
            let count = tally.refusals.map(\.count).reduce(0, +)
            let kinds = tally.refusals.map { refusal in
                tally.refusals.count == 1 ? refusal.verdict.rawValue : "\(refusal.count) \(refusal.verdict.rawValue)"
            }
            parts.append("\(count) not (\(kinds.joined(separator: ", ")))")
        }
        if tally.unanswered > 0 { parts.append("\(tally.unanswered) without a verdict") }
        if tally.cached > 0 { parts.append(tally.cached == cells.count ? "cached" : "\(tally.cached) cached") }
        return "\(title): \(parts.joined(separator: ", "))"
    }

    private func name(_ spec: String) -> String { versions[spec] ?? spec }
}

/// How many cells have which verdict.
private struct Tally {
    let accepted: Int
    let unanswered: Int
    let cached: Int
    /// Those that are neither, in the order of `Verdict`.
    let refusals: [(verdict: Verdict, count: Int)]

    init(_ cells: [Cell]) {
        let counts = Dictionary(grouping: cells, by: \.verdict).mapValues(\.count)
        accepted = counts[.accepted] ?? 0
        unanswered = counts[.infrastructure] ?? 0
        cached = cells.count(where: \.isCached)
        refusals = Verdict.allCases.compactMap { verdict in
            guard verdict != .accepted, verdict != .infrastructure else { return nil }
            return counts[verdict].map { (verdict, $0) }
        }
    }
}
