// SPDX-License-Identifier: Apache-2.0

/// Why one kernel refused one program, as people need it: what is wrong, where in the source, what the registers held there,
/// how it came there, and what to do. `docs/results.md` documents its JSON form.
public struct Explanation: Sendable, Hashable, Codable {
    /// docs/causes.md shows each.
    public var code: CauseCode
    public var kind: CauseKind
    /// What is wrong, in one sentence; where no rule knows the reason, the kernel's own words.
    public var sentence: String
    /// What to do; nil where nothing is known that would help.
    public var cure: String?
    /// The first line of Linux that has what is missing, or no longer refuses for this; nil where none does, or it is not known.
    public var since: LinuxVersion?
    /// The line of C; nil where neither the log nor the object tells.
    public var place: ExplainedPlace?
    /// What was refused; nil where that is no single instruction.
    public var instruction: ExplainedInstruction?
    /// Where what was never given back was taken; nil where that is not what is wrong.
    public var origin: ExplainedInstruction?
    public var registers: [ExplainedRegister]
    /// The turns that led there, in their order.
    public var path: [ExplainedTurn]
    /// How many more came before `path`; nil for none.
    public var earlierTurns: Int?
    /// What the kernel, or libbpf before it, said, word for word.
    public var words: [String]
    /// The kernel's own report on the refusal; nil where it makes none, which is before 7.3.
    public var report: KernelReport?

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // A later version may know more than this one.
        code = CauseCode(rawValue: try container.decode(String.self, forKey: .code)) ?? .unknown
        kind = CauseKind(rawValue: try container.decode(String.self, forKey: .kind)) ?? .unknown
        sentence = try container.decode(String.self, forKey: .sentence)
        cure = try container.decodeIfPresent(String.self, forKey: .cure)
        since = try container.decodeIfPresent(LinuxVersion.self, forKey: .since)
        place = try container.decodeIfPresent(ExplainedPlace.self, forKey: .place)
        instruction = try container.decodeIfPresent(ExplainedInstruction.self, forKey: .instruction)
        origin = try container.decodeIfPresent(ExplainedInstruction.self, forKey: .origin)
        registers = try container.decodeIfPresent([ExplainedRegister].self, forKey: .registers) ?? []
        path = try container.decodeIfPresent([ExplainedTurn].self, forKey: .path) ?? []
        earlierTurns = try container.decodeIfPresent(Int.self, forKey: .earlierTurns)
        words = try container.decodeIfPresent([String].self, forKey: .words) ?? []
        report = try container.decodeIfPresent(KernelReport.self, forKey: .report)
    }

    /// The function of the program that the kernel's words are about: `step` in `Arg#0 type PTR in step() is not supported yet.`.
    public var functionInWords: String? {
        for line in words {
            if let match = line.firstMatch(of: #/(?:\bin |[Ff]unction |subprog )'?([A-Za-z_]\w*)(?:\(\)|')/#) {
                return String(match.1)
            }
        }
        return nil
    }

    /// Of a cause that is told from something else than a log.
    public init(_ cause: Cause, place: ExplainedPlace?, words: [String]) {
        code = cause.code
        kind = cause.kind
        sentence = cause.sentence
        cure = cause.cure
        since = cause.since
        self.place = place
        self.words = words
        registers = []
        path = []
    }
}

/// A line of C.
public struct ExplainedPlace: Sendable, Hashable, Codable {
    /// As the compiler was given it, or, from a log alone, without folders.
    public var file: String?
    /// From 1.
    public var line: Int?
    /// From 1.
    public var column: Int?
    /// The line itself, without blanks around it; empty where the object does not have it.
    public var text: String
    /// The function of the program that the instruction is in.
    public var function: String?

    public init(file: String? = nil, line: Int? = nil, column: Int? = nil, text: String, function: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.text = text
        self.function = function
    }

    init(_ source: LoggedSource) {
        self.init(file: source.file, line: source.line, text: source.text)
    }

    /// `x = y; @ file.c:12`, or the text alone where no place is known; nil where there is neither.
    public var sourceLine: String? {
        guard let name else { return text.isEmpty ? nil : text }
        return text.isEmpty ? "@ \(name)" : "\(text) @ \(name)"
    }

    /// `src/file.c:12`; nil where no place is known.
    public var path: String? {
        guard let file, let line else { return nil }
        return "\(file.hasPrefix("./") ? String(file.dropFirst(2)) : file):\(line)"
    }

    /// `file.c:12`, the file without its folders; nil where no place is known.
    public var name: String? {
        guard let file, let line else { return nil }
        return "\(file.split(separator: "/").last.map(String.init) ?? file):\(line)"
    }
}

public struct ExplainedInstruction: Sendable, Hashable, Codable {
    /// Counted from the program's start, wide instructions twice, as the kernel does.
    public var index: Int
    /// `r1 = *(u64 *)(r0 +0)`; nil where the log does not show it.
    public var text: String?
    public var place: ExplainedPlace?

    public init(index: Int, text: String?, place: ExplainedPlace? = nil) {
        self.index = index
        self.text = text
        self.place = place
    }
}

/// What a register held where the program was refused.
public struct ExplainedRegister: Sendable, Hashable, Codable {
    /// `R0`
    public var name: String
    /// What it held, for people; nil where the kernel did not print it or its spelling is not known.
    public var value: String?
    /// The same as the kernel spells it; nil where it was not printed.
    public var spelling: String?
    /// The instruction that made the value; nil where the log does not tell.
    public var origin: ExplainedInstruction?
    /// The kernel's words name this register.
    public var isNamed: Bool

    public init(
        name: String,
        value: String? = nil,
        spelling: String? = nil,
        origin: ExplainedInstruction? = nil,
        isNamed: Bool
    ) {
        self.name = name
        self.value = value
        self.spelling = spelling
        self.origin = origin
        self.isNamed = isNamed
    }
}

/// A turn on the way to where the program was refused.
public struct ExplainedTurn: Sendable, Hashable, Codable {
    public var kind: LoggedTurn.Kind
    /// Where it was taken.
    public var from: ExplainedInstruction
    /// Where it led.
    public var to: ExplainedInstruction
    /// Rounds of a loop; nil for anything else.
    public var times: Int?

    public init(kind: LoggedTurn.Kind, from: ExplainedInstruction, to: ExplainedInstruction, times: Int? = nil) {
        self.kind = kind
        self.from = from
        self.to = to
        self.times = times
    }
}
