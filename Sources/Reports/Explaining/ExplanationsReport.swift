// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results
import VerifierLog

/// Explanations as JSON, in the form that `docs/results.md` documents.
public enum ExplanationsReport {
    public static let schema = "bpfmatrix.explanations/1"

    private struct Document: Encodable {
        let schema: String
        let refusals: [Entry]
    }

    private struct Entry: Encodable {
        var object: String?
        var program: String?
        /// All that it holds for, where there are several.
        var programs: [Program]?
        var verdict: Verdict?
        var kernels: [String]?
        var explanation: Explanation?
        /// Where nobody has refused anything: why there is no verdict.
        var message: String?
    }

    private struct Program: Encodable {
        let object: String
        let program: String
    }

    public static func data(_ groups: [RefusalGroup]) throws -> Data {
        try data(
            groups.flatMap { group in
                group.extents.map { extent in
                    let programs = extent.programs.map { Program(object: $0.object, program: $0.program) }
                    return Entry(
                        object: programs.first?.object,
                        program: programs.first?.program,
                        programs: programs.count > 1 ? programs : nil,
                        verdict: group.verdict,
                        kernels: extent.kernels,
                        explanation: group.explanation,
                        message: group.explanation == nil ? group.message?.text : nil
                    )
                }
            }
        )
    }

    /// Of logs from elsewhere.
    public static func data(_ explanations: [(program: String?, explanation: Explanation)]) throws -> Data {
        try data(explanations.map { Entry(program: $0.program, explanation: $0.explanation) })
    }

    private static func data(_ entries: [Entry]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(Document(schema: schema, refusals: entries)) + Data("\n".utf8)
    }
}

/// A log on a terminal: its lines as they are, but for what a terminal obeys.
public enum LogText {
    public static func printable(_ text: String) -> String {
        text.printableLines.joined(separator: "\n")
    }
}
