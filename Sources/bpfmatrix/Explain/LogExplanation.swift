// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import VerifierLog

/// Explains a verifier log from elsewhere, as far as it goes by itself.
struct LogExplanation {
    private let parts: [(program: String?, log: VerifierLog?, explanation: Explanation)]
    /// Logs in the same input that are not explained.
    private let leftOut: Int
    private let style = Terminal.style()

    enum Refusal: Error, CustomStringConvertible {
        case noLog(name: String)
        case results(name: String)
        case noReason(name: String, instructions: Int?)

        var description: String {
            switch self {
            case .noLog(let name): "\(name) is no verifier log, and has none in it"
            case .results(let name):
                "\(name) holds results, and is no log: leave out --log-file (bpfmatrix explain \(name))"
            case .noReason(let name, let instructions):
                "the log in \(name) ends without a reason: "
                    + (instructions.map { "the verifier went through \($0) instructions and refused nothing" }
                        ?? "its end is missing")
            }
        }
    }

    init(of path: String) throws {
        let input = try InputBytes(path)
        guard !ResultsDocument.isResults(input.bytes) else { throw Refusal.results(name: input.name) }
        let output = ToolOutput(input.bytes)
        var parts = output.parts.filter { !$0.log.messages.isEmpty || $0.log.isCut }.map { part in
            let evidence = Evidence(
                refusal: .program,
                log: part.log,
                isLogCut: part.log.isCut,
                warnings: output.warnings,
                program: Evidence.ProgramFacts(name: part.program)
            )
            return (part.program, Optional(part.log), Explanation(of: evidence))
        }
        if output.parts.isEmpty, !output.warnings.isEmpty {
            // libbpf never came to ask the kernel.
            let evidence = Evidence(refusal: .loader, warnings: output.warnings)
            parts = [(Cause(of: evidence).program, nil, Explanation(of: evidence))]
        }
        if parts.isEmpty, let complaint = Self.complaint(of: output) { parts = [complaint] }
        guard !parts.isEmpty else {
            guard let log = output.parts.first?.log else { throw Refusal.noLog(name: input.name) }
            throw Refusal.noReason(name: input.name, instructions: log.statistics.instructions)
        }
        self.parts = parts
        leftOut = output.leftOut
    }

    /// Another loader's words, where they are known: any text may have words like them.
    private static func complaint(
        of output: ToolOutput
    ) -> (program: String?, log: VerifierLog?, explanation: Explanation)? {
        guard !output.complaints.isEmpty else { return nil }
        let cause = Cause(of: Evidence(refusal: .loader, warnings: output.complaints))
        guard cause.code != .unknown else { return nil }
        let words = cause.words.map { [$0] } ?? output.complaints
        return (cause.program, nil, Explanation(cause, place: nil, words: words))
    }

    func print(asJSON: Bool) throws {
        if leftOut > 0 {
            Terminal.standardError("\(leftOut) more logs were left out: the first \(parts.count) are explained\n")
        }
        if asJSON {
            let named = parts.map { ($0.program, $0.explanation) }
            return Terminal.standardOutput(String(decoding: try ExplanationsReport.data(named), as: UTF8.self))
        }
        let texts = parts.map { part in
            let found = SourceFiles.excerpt(of: part.explanation.place)
            let text = ExplanationText(
                part.explanation,
                excerpt: found.excerpt,
                excerptNote: found.note,
                style: style
            )
            return [text.title(program: part.program)] + text.lines()
        }
        Terminal.standardOutput(texts.joined(separator: ["", ""]).map { $0 + "\n" }.joined())
    }
}
