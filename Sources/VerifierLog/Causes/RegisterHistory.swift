// SPDX-License-Identifier: Apache-2.0

/// What became of a register on the way to the failure, read backwards from the end of the log.
///
/// Only what the log shows beyond doubt counts: where the way comes from another branch, its beginning is not looked for.
struct RegisterHistory {
    private let lines: [String]

    /// - Parameter lines: the end of a log, up to the instruction that was refused.
    init(_ lines: some Sequence<String>) {
        self.lines = Array(lines)
    }

    /// What a register was before it was made a mere number, and what was called since.
    struct Former: Equatable {
        /// `pkt`, `ringbuf_mem`, as the verifier spells it.
        let kind: String
        /// The calls between, the latest first: `bpf_xdp_adjust_head`.
        let calls: [String]
    }

    /// nil where it was a number all along, or that is not known.
    func former(_ register: String) -> Former? {
        var register = register
        var calls: [String] = []
        for (index, line) in lines.enumerated().reversed() {
            let isRefused = index == lines.count - 1
            if let kind = Self.kind(of: register, in: line), !Self.isNumber(kind), !isRefused {
                return calls.isEmpty ? nil : Former(kind: kind, calls: calls)
            }
            if line.hasPrefix("from ") { return nil }
            guard !isRefused, let instruction = Self.instruction(in: line) else { continue }
            if let call = Self.call(in: instruction) {
                if let number = Int(register), number < 6 { return nil }
                calls.append(call)
            } else if let source = Self.source(of: register, in: instruction) {
                guard let moved = Self.register(source) else { return nil }
                register = moved
            }
        }
        return nil
    }

    /// The helper or kfunc whose result is in the register; nil where it came from elsewhere, or that is not known.
    func result(_ register: String) -> String? {
        var register = register
        for line in lines.dropLast().reversed() {
            if line.hasPrefix("from ") { return nil }
            guard let instruction = Self.instruction(in: line) else { continue }
            if let call = Self.call(in: instruction) {
                if register == "0" { return call }
                if let number = Int(register), number < 6 { return nil }
            } else if let source = Self.source(of: register, in: instruction) {
                guard let moved = Self.register(source) else { return nil }
                register = moved
            }
        }
        return nil
    }

    /// The text of an instruction: `r1 = *(u64 *)(r1 +8)` in `12: (79) r1 = *(u64 *)(r1 +8) ; R1_w=scalar()`.
    static func instruction(in line: String) -> Substring? {
        let rest = line.drop { $0.isNumber }
        guard rest.startIndex != line.startIndex, rest.hasPrefix(": ("), let close = rest.firstIndex(of: ")") else {
            return nil
        }
        let text = rest[rest.index(after: close)...]
        let end = text.firstIndex(of: ";") ?? text.endIndex
        return text[..<end].drop { $0 == " " }
    }

    /// `bpf_map_lookup_elem` in `call bpf_map_lookup_elem#1`.
    private static func call(in instruction: Substring) -> String? {
        guard instruction.hasPrefix("call ") else { return nil }
        let name = instruction.dropFirst("call ".count).prefix { $0 != "#" && $0 != " " }
        return String(name)
    }

    /// What is assigned to the register: `*(u64 *)(r1 +8)`; nil where the instruction leaves it alone or only adds to it.
    private static func source(of register: String, in instruction: Substring) -> Substring? {
        for letter in ["r", "w"] where instruction.hasPrefix("\(letter)\(register) = ") {
            return instruction[instruction.index(instruction.startIndex, offsetBy: register.count + 4)...]
        }
        return nil
    }

    /// `7` of `r7`; nil where it is anything but a register.
    private static func register(_ text: Substring) -> String? {
        let trimmed = text.prefix { $0 != " " }
        guard trimmed.hasPrefix("r"), !trimmed.dropFirst().isEmpty, trimmed.dropFirst().allSatisfy(\.isNumber) else {
            return nil
        }
        return String(trimmed.dropFirst())
    }

    /// `pkt` in `R6_w=pkt(id=0,…)`.
    private static func kind(of register: String, in line: String) -> String? {
        for opening in [" R\(register)=", " R\(register)_w=", " R\(register)_rw=", " R\(register)_r="] {
            guard let range = line.firstRange(of: opening) else { continue }
            return String(line[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" })
        }
        return nil
    }

    /// Numbers were called `inv` before 5.18.
    private static func isNumber(_ kind: String) -> Bool {
        kind.hasPrefix("scalar") || kind.hasPrefix("inv")
            || kind.first.map { $0.isNumber || $0 == "-" || $0 == "P" } != false
    }
}

extension Evidence {
    /// Up to the last instruction that was looked at.
    var history: RegisterHistory {
        let lines = log.lastLines
        let end = lines.lastIndex { RegisterHistory.instruction(in: $0) != nil }
        return RegisterHistory(lines[..<(end.map { $0 + 1 } ?? 0)])
    }

    /// `the result of bpf_map_lookup_elem()` where that is known, else `R0`.
    func value(in register: String) -> String {
        history.result(register).map { "the result of \($0)()" } ?? "R\(register)"
    }
}

extension String {
    /// The first letter made large, as at the beginning of a sentence.
    var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
