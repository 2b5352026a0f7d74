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
            let lines = failure.split(separator: "\n").map { String($0).printable }
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

    private struct Subject: Hashable {
        let object: String
        let program: String
    }

    /// What is told in one entry: of each of the subjects the reason holds on each of the kernels.
    private struct Entry: Hashable {
        let reason: CheckReason
        let kernels: [String]
    }

    private func lines(
        of path: KeyPath<CheckCell, [CheckReason]>,
        sign: String,
        where isWanted: (CheckCell) -> Bool
    ) -> [String] {
        var reasons: [CheckReason] = []
        var kernels: [CheckReason: [Subject: [String]]] = [:]
        for cell in results.cells where isWanted(cell) {
            for reason in cell[keyPath: path] {
                if kernels[reason] == nil { reasons.append(reason) }
                let subject = Subject(object: cell.object, program: cell.program)
                if kernels[reason]?[subject]?.contains(cell.kernel) == true { continue }
                kernels[reason, default: [:]][subject, default: []].append(cell.kernel)
            }
        }
        let subjects = results.objects.flatMap { object in
            object.rows.map { Subject(object: object.name, program: $0.name) }
        }
        return reasons.flatMap { reason in
            var order: [Entry] = []
            var concerned: [Entry: [Subject]] = [:]
            for subject in subjects {
                guard let kernels = kernels[reason]?[subject] else { continue }
                let entry = Entry(reason: reason, kernels: kernels)
                if concerned[entry] == nil { order.append(entry) }
                concerned[entry, default: []].append(subject)
            }
            return order.flatMap { lines(of: $0, about: concerned[$0] ?? [], sign) }
        }
    }

    private func lines(of entry: Entry, about subjects: [Subject], _ sign: String) -> [String] {
        let reason = entry.reason
        let place = reason.place.map { "  " + style.paint($0.name.printable, .strong) } ?? ""
        let kernels = entry.kernels.map(heading).joined(separator: ", ")
        let title = "\(sign) [\(reason.code)]\(place)  \(title(subjects)) on \(kernels)"
        let details = [
            reason.sentence, reason.place.flatMap { $0.text.isEmpty ? nil : "at: \(excerpt($0.text))" },
            reason.cure.map { "\(style.arrow) \($0)" },
        ]
        return style.entry(title, details.compactMap { $0?.printable })
    }

    /// A line of C may be as long as its author, or a generator, liked.
    private func excerpt(_ text: String) -> String {
        text.count > Self.longestExcerpt ? text.prefix(Self.longestExcerpt) + "…" : text
    }

    private static let longestExcerpt = 200

    /// Objects alone where all of their programs are meant.
    private func title(_ subjects: [Subject]) -> String {
        let objects = Set(subjects.map(\.object))
        let all = results.objects.filter { objects.contains($0.name) }.flatMap { object in
            object.rows.map { Subject(object: object.name, program: $0.name) }
        }
        if subjects.count > 1, subjects == all {
            return results.objects.map(\.name).filter(objects.contains).joined(separator: ", ").printable
        }
        return subjects.map { $0.program == TestedProgram.wholeObject.name ? $0.object : "\($0.object) \($0.program)" }
            .joined(separator: ", ").printable
    }
}
