// SPDX-License-Identifier: Apache-2.0

/// Why a kernel, or the loader before it, refused a program: what is wrong, what to do, and since which kernel it is no hindrance.
public struct Cause: Sendable, Hashable {
    public let code: CauseCode
    /// What is wrong, in the program's own terms.
    public let sentence: String
    /// What to do; nil where nothing is known that would help.
    public let cure: String?
    /// The first line of Linux that has what is missing here, or that no longer refuses programs for this; nil where none does, or
    /// it is not known. Whether that kernel takes the program is another matter.
    public let since: LinuxVersion?
    /// The line of the kernel, or of libbpf, that this was told from, as it was printed; nil where it was told from an errno.
    public let words: String?
    /// The instruction that is to blame, by its number in the program, where the object tells it and the log does not.
    public let instruction: Int?

    public var kind: CauseKind { code.kind }

    public init(
        _ code: CauseCode,
        _ sentence: String,
        cure: String? = nil,
        since: LinuxVersion? = nil,
        words: String? = nil,
        instruction: Int? = nil
    ) {
        self.code = code
        self.sentence = sentence
        self.cure = cure
        self.since = since
        self.words = words
        self.instruction = instruction
    }

    /// The first rule that knows the evidence decides; where none does, the code is `unknown` and the kernel's own words
    /// are the sentence.
    public init(of evidence: Evidence) {
        for rule in CauseRule.all {
            if let cause = rule.cause(evidence) {
                self = cause.naming(evidence.program.mapComplaints, in: evidence)
                return
            }
        }
        self = .unknown(evidence)
    }

    /// Of a map that a program may not use the verifier says neither which it is nor where: the object tells.
    private func naming(_ complaints: [Evidence.Complaint], in evidence: Evidence) -> Cause {
        guard evidence.log.failure == nil, instruction == nil, case .program = evidence.refusal,
            let complaint = complaints.first(where: { $0.code == code })
        else { return self }
        return Cause(
            code,
            complaint.sentence,
            cure: complaint.cure ?? cure,
            since: since,
            words: words,
            instruction: complaint.instruction
        )
    }

    private static func unknown(_ evidence: Evidence) -> Cause {
        let words = evidence.messages.last ?? evidence.complaints.last
        let sentence = words ?? "refused without a word (errno \(evidence.errno))"
        return Cause(.unknown, sentence, words: words)
    }
}
