// SPDX-License-Identifier: Apache-2.0

import Results
import VerifierLog

/// A refusal with all that is known of it, for whoever wants to understand it.
public struct ExplanationText: Sendable {
    private let explanation: Explanation
    private let excerpt: SourceExcerpt?
    /// Why there is no excerpt, where there could have been one.
    private let excerptNote: String?
    let style: TextStyle

    private static let margin = "  "
    private static let labelWidth = 16
    /// Kernels differ, and each of many programs may be named in its own words; more wordings are counted.
    private static let mostWordings = 6

    public init(_ explanation: Explanation, excerpt: SourceExcerpt?, excerptNote: String? = nil, style: TextStyle) {
        self.explanation = explanation
        self.excerpt = excerpt
        self.excerptNote = excerptNote
        self.style = style
    }

    /// `✗ rejected [null-dereference]  null.c:13  prog`: of a log of which nothing more is known.
    public func title(program: String?) -> String {
        let mark = style.paint(style.text(.rejected), .bad)
        let place = explanation.place?.name.map { "  " + style.paint($0.printable, .strong) } ?? ""
        return "\(mark) [\(explanation.code.rawValue)]\(place)" + (program.map { "  \($0.printable)" } ?? "")
    }

    /// Every line escaped; paragraphs with a blank line between.
    ///
    /// - Parameter words: who said what; the explanation's own words where nobody is named.
    public func lines(words: [(words: [String], kernels: [String])] = []) -> [String] {
        let paragraphs = [
            style.wrapped(style.paint(explanation.sentence.printable, .strong), indent: Self.margin.count)
                .map { Self.margin + $0 },
            source, registers, path, cure, said(words), lines(of: explanation.report),
        ]
        return paragraphs.filter { !$0.isEmpty }.flatMap { [""] + $0 }
    }

    func labelled(_ label: String, _ texts: [String]) -> [String] {
        texts.flatMap { style.wrapped($0, indent: Self.margin.count + Self.labelWidth) }.enumerated().map {
            index,
            text in
            // A label may be as long as the column: the number of an instruction is.
            let label = index == 0 ? (label.count < Self.labelWidth ? label : label + " ") : ""
            return Self.margin + style.paint(label.padded(to: Self.labelWidth), .faint) + text
        }
    }

    // MARK: Where

    private var source: [String] {
        var lines: [String] = []
        if let place = explanation.place {
            let function = place.function.map { " in \($0)" } ?? ""
            let name = place.path ?? "line unknown"
            lines.append(Self.margin + style.paint("\(name)\(function)".printable, .strong))
            if let excerpt {
                lines += shown(excerpt)
                if let note = excerpt.note {
                    lines.append(Self.margin + style.paint("note: \(note.printable)", .faint))
                }
            } else {
                if !place.text.isEmpty {
                    let number = place.line.map { "\($0) | " } ?? "| "
                    lines.append(Self.margin + "> " + number + style.paint(place.text.printable, .bad))
                }
                if let excerptNote { lines.append(Self.margin + style.paint("note: \(excerptNote.printable)", .faint)) }
            }
        }
        if let instruction = explanation.instruction {
            lines += labelled("instruction \(instruction.index)", [instruction.text?.printable ?? "not in the log"])
        }
        if let origin = explanation.origin { lines += labelled("taken at", [described(origin)]) }
        return lines
    }

    private func shown(_ excerpt: SourceExcerpt) -> [String] {
        let width = String(excerpt.firstLine + excerpt.lines.count).count
        return excerpt.lines.enumerated().map { offset, text in
            let number = excerpt.firstLine + offset
            let isIt = number == excerpt.line
            let padding = String(repeating: " ", count: max(0, width - String(number).count))
            let shown = text.printable
            let line = Self.margin + (isIt ? "> " : "  ") + padding + "\(number) | "
            return (line + (isIt ? style.paint(shown, .bad) : shown)).withoutTrailingBlanks
        }
    }

    // MARK: What was known there

    private var registers: [String] {
        explanation.registers.flatMap { register in
            var texts: [String] = []
            switch (register.value, register.spelling) {
            case (let value?, let spelling?) where value != spelling:
                texts.append("\(value.printable)  \(style.paint(spelling.printable, .faint))")
            case (_, let spelling?): texts.append(spelling.printable)
            default: texts.append("the log does not say")
            }
            if let origin = register.origin { texts.append("set at \(described(origin))") }
            return labelled(register.name.printable, texts)
        }
    }

    /// `null.c:12  r0 = …  __u64 *value = …`
    private func described(_ instruction: ExplainedInstruction) -> String {
        let text = instruction.text ?? ""
        let parts = [
            instruction.place?.name ?? "instruction \(instruction.index)", instruction.place?.text ?? "", text,
        ]
        return parts.filter { !$0.isEmpty }.map(\.printable).joined(separator: "  ")
    }

    // MARK: How it came there

    private var path: [String] {
        var texts: [String] = []
        if let earlier = explanation.earlierTurns {
            texts.append("\(style.ellipsis) \(earlier) \(earlier == 1 ? "turn" : "turns") before these")
        }
        var last = ""
        for turn in explanation.path where !turn.staysOnItsLine {
            let text = described(turn)
            // Several branches of one line of C that lead on to the same one.
            if text != last { texts.append(text) }
            last = text
        }
        return labelled("the way there", texts)
    }

    private func described(_ turn: ExplainedTurn) -> String {
        let from = name(turn.from)
        let next = turn.to.place?.line.map { "line \($0)" } ?? "instruction \(turn.to.index)"
        switch turn.kind {
        case .branch: return "\(from)  \(style.arrow) \(next)"
        case .call:
            let function = turn.to.place?.function.map { "into \($0.printable), " } ?? "into the function at "
            return "\(from)  \(style.arrow) \(function)\(next)"
        case .return: return "\(from)  \(style.arrow) back to \(next)"
        case .loop: return "\(from)  \(style.times)\(turn.times ?? 1), the last round:"
        }
    }

    private func name(_ instruction: ExplainedInstruction) -> String {
        let place = instruction.place
        let name = place?.name ?? "instruction \(instruction.index)"
        let text = place.map(\.text) ?? instruction.text ?? ""
        return text.isEmpty ? name.printable : "\(name.printable)  \(text.printable)"
    }

    // MARK: What to do

    private var cure: [String] {
        var lines: [String] = []
        if let cure = explanation.cure { lines += labelled("what to do", [style.paint(cure.printable, .good)]) }
        if let since = explanation.sinceText { lines += labelled("since", [since]) }
        return lines
    }

    private func said(_ words: [(words: [String], kernels: [String])]) -> [String] {
        guard !words.isEmpty else { return labelled("its words", explanation.words.map(\.printable)) }
        let lines = words.prefix(Self.mostWordings).flatMap { wording in
            labelled("its words", wording.words.map(\.printable))
                + (words.count > 1
                    ? labelled("", [style.paint("(\(wording.kernels.joined(separator: ", ")))".printable, .faint)])
                    : [])
        }
        let rest = words.count - Self.mostWordings
        return lines + (rest > 0 ? labelled("", ["and \(rest) more wordings"]) : [])
    }
}

extension Explanation {
    /// What a newer kernel has or allows, and not that it takes the program, which nobody asked it here.
    var sinceText: String? {
        since.map {
            code.kind == .lacking ? "what is missing came with Linux \($0)" : "Linux \($0) and later do not refuse this"
        }
    }
}

extension ExplainedTurn {
    /// A branch within one line of C, such as an `&&` or a loop that was unrolled: nothing that a reader of C can see.
    fileprivate var staysOnItsLine: Bool {
        kind == .branch && from.place?.line != nil && from.place?.line == to.place?.line
    }
}

extension RefusalGroup {
    private static let margin = "  "

    /// All that is known of it.
    ///
    /// - Parameters:
    ///   - objects: the run's.
    ///   - heading: what people are told a kernel by.
    public func text(
        of objects: [TestedObject],
        excerpt: SourceExcerpt?,
        excerptNote: String?,
        style: TextStyle,
        heading: @escaping (String) -> String
    ) -> [String] {
        let brief = RefusalLines(self, of: objects, style: style, heading: heading)
        guard let explanation else { return brief.lines }
        let words = wordings.map { ($0.words, $0.kernels.map(heading)) }
        return [brief.title] + brief.furtherExtents.map { Self.margin + $0 }
            + ExplanationText(explanation, excerpt: excerpt, excerptNote: excerptNote, style: style).lines(words: words)
    }
}
