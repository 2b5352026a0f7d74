// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// Why nothing of an input can be loaded, by whatever kernel.
public struct ObjectFailure: Sendable, Hashable, Codable {
    /// `not-compiled`, `not-an-object`, `foreign-byte-order` or `object-unreadable`.
    public var code: CauseCode
    /// What is wrong, in one sentence; of a source, the compiler's first error.
    public var sentence: String
    /// What to do; nil where nothing is known that would help.
    public var cure: String?
    /// Where in the source; nil where it is no line's fault.
    public var place: ExplainedPlace?
    /// The file with all that the compiler printed; nil where none ran.
    public var output: String?

    public init(
        code: CauseCode,
        sentence: String,
        cure: String? = nil,
        place: ExplainedPlace? = nil,
        output: String? = nil
    ) {
        self.code = code
        self.sentence = sentence
        self.cure = cure
        self.place = place
        self.output = output
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // A later version may know more than this one.
        code = CauseCode(rawValue: try container.decode(String.self, forKey: .code)) ?? .unknown
        sentence = try container.decode(String.self, forKey: .sentence)
        cure = try container.decodeIfPresent(String.self, forKey: .cure)
        place = try container.decodeIfPresent(ExplainedPlace.self, forKey: .place)
        output = try container.decodeIfPresent(String.self, forKey: .output)
    }

    /// What to do, and where to read on.
    public var advice: String? {
        let parts = [cure, output.map { "all that the compiler printed: \($0)" }].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// As a refusal has it.
    public var explanation: Explanation {
        Explanation(Cause(code, sentence, cure: advice), place: place, words: [])
    }
}
