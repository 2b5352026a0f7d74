// SPDX-License-Identifier: Apache-2.0

import Results
import VerifierLog

/// A refusal in a few lines, for below the matrix: what, where, why, what to do.
struct RefusalLines {
    private let group: RefusalGroup
    private let objects: [TestedObject]
    private let style: TextStyle
    private let heading: (String) -> String

    /// - Parameters:
    ///   - objects: the run's.
    ///   - heading: what people are told a kernel by.
    init(
        _ group: RefusalGroup,
        of objects: [TestedObject],
        style: TextStyle,
        heading: @escaping (String) -> String
    ) {
        self.group = group
        self.objects = objects
        self.style = style
        self.heading = heading
    }

    /// `✗ rejected [null-dereference]  null.c:13  null.bpf.o prog on 5.10.262, 6.1.192 (EACCES)`
    var title: String {
        let mark = style.paint(style.text(group.verdict), style.paint(of: group.verdict))
        let code = group.explanation.map { " [\($0.code.rawValue)]" } ?? ""
        let place = group.explanation?.place?.name.map { "  " + style.paint($0.printable, .strong) } ?? ""
        let errno = group.errnoNames.map { " (\($0))" } ?? ""
        return "\(mark)\(code)\(place)  \(extents.first ?? "")\(errno)"
    }

    /// `and null.bpf.o other on 6.1.192`: further programs, on other kernels.
    var furtherExtents: [String] { extents.dropFirst().map { "and \($0)" } }

    private var extents: [String] { ExtentLines(group.extents, of: objects, heading: heading).texts }

    /// Broken to the width, if there is one.
    var lines: [String] { style.entry(title, furtherExtents + details) }

    private var details: [String] {
        guard let explanation = group.explanation else {
            let message = group.message?.text ?? "no reason was given"
            let sources = group.cells.compactMap(\.sourceLine)
            // Not every kernel prints the place.
            let source = sources.first { $0.contains(" @ ") } ?? sources.first
            return message.printableLines + (source.map { ["at: \($0.printable)"] } ?? [])
        }
        let message = group.message
        let sentence = explanation.code == .unknown ? message?.text ?? explanation.sentence : explanation.sentence
        var lines = sentence.printableLines
        if let line = explanation.place?.sourceLine { lines.append("at: \(line.printable)") }
        if let cure = explanation.cure { lines.append("\(style.arrow) \(cure.printable)") }
        if let since = explanation.sinceText { lines.append("\(style.arrow) \(since)") }
        if let message, explanation.code != .unknown, message.text != explanation.sentence {
            let extent = message.count == group.cells.count ? "" : " (\(message.count) of \(group.cells.count) times)"
            lines.append(style.paint("kernel\(extent): \(message.text.printable)", .faint))
        }
        return lines
    }
}
