// SPDX-License-Identifier: Apache-2.0

/// One way to tell a cause from evidence.
struct CauseRule: Sendable {
    /// nil where the evidence says something else.
    let cause: @Sendable (Evidence) -> Cause?
    /// The words that it knows; none where it goes by other evidence.
    let wordings: [Wording]

    /// In this order; the first that fits decides. What names its culprit comes before what only says that something failed.
    static let all: [CauseRule] = [
        assumptions, modules, loader, maps, addresses, targets, typed, instructions, functions, stack, objects,
        references, kfuncs, memory, arithmetic, flow, calls, seldom, tables, silent, libbpfWords, ciliumWords,
        ayaWords,
    ].flatMap { $0 }

    /// A rule of other evidence than the words.
    init(when cause: @escaping @Sendable (Evidence) -> Cause?) {
        self.cause = cause
        wordings = []
    }

    /// The verifier said one of `wordings`, in a line of its own, after the last instruction that it looked at.
    ///
    /// - Parameter told: makes a cause out of the values in the wording's holes; nil where they mean something else.
    init(
        _ code: CauseCode,
        verifier wordings: Wording...,
        told: @escaping @Sendable ([String], Evidence) -> Account?
    ) {
        self.init(code, wordings, in: { $0.messages }, told)
    }

    /// libbpf warned in one of `wordings`; without its `libbpf: prog 'name': `.
    init(
        _ code: CauseCode,
        libbpf wordings: Wording...,
        told: @escaping @Sendable ([String], Evidence) -> Account?
    ) {
        self.init(code, wordings, in: { $0.complaints }, told)
    }

    private init(
        _ code: CauseCode,
        _ wordings: [Wording],
        in lines: @escaping @Sendable (Evidence) -> [String],
        _ told: @escaping @Sendable ([String], Evidence) -> Account?
    ) {
        self.wordings = wordings
        cause = { evidence in
            for line in lines(evidence) {
                for wording in wordings {
                    guard let values = wording.match(line), let account = told(values, evidence) else { continue }
                    return Cause(code, account, words: line)
                }
            }
            return nil
        }
    }
}

/// What a rule says once it has its values.
struct Account: Sendable {
    let sentence: String
    let cure: String?
    let since: LinuxVersion?
    /// `Cause.instruction`
    let instruction: Int?

    init(_ sentence: String, cure: String? = nil, since: LinuxVersion? = nil, instruction: Int? = nil) {
        self.sentence = sentence
        self.cure = cure
        self.since = since
        self.instruction = instruction
    }
}

extension Cause {
    init(_ code: CauseCode, _ account: Account, words: String? = nil) {
        self.init(
            code,
            account.sentence,
            cure: account.cure,
            since: account.since,
            words: words,
            instruction: account.instruction
        )
    }
}

extension Evidence {
    /// What the verifier said after the last instruction that it looked at: the reason, in one line or several.
    var messages: [String] { log.messages }

    /// libbpf's warnings without `libbpf: prog 'name': `, which says who, not what.
    var complaints: [String] {
        warnings.map { line in
            var text = line[...]
            if text.hasPrefix("libbpf: ") { text = text.dropFirst("libbpf: ".count) }
            if text.hasPrefix("prog '"), let end = text.firstRange(of: "': ") { text = text[end.upperBound...] }
            return String(text)
        }
    }
}
