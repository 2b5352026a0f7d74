// SPDX-License-Identifier: Apache-2.0

/// What a register pointed to before a call made a mere number of it, read backwards from the end of the log.
///
/// Helpers that may move a packet, and those that take back what they gave, make numbers of all pointers into it
/// (`clear_all_pkt_pointers()`, `release_reference()` in kernel/bpf/verifier.c). Only what the log shows beyond doubt counts:
/// where the way comes from another branch, its beginning is not looked for.
struct FormerValue: Equatable {
    /// `pkt`, `ringbuf_mem`, as the verifier spells it.
    let kind: String
    /// The calls since, the latest first: `bpf_xdp_adjust_head`.
    let calls: [String]

    /// nil where the register was a number all along, or that is not known.
    ///
    /// - Parameter lines: the end of a log, up to the instruction that was refused.
    init?(of register: String, in lines: some BidirectionalCollection<String>) {
        var register = register
        var calls: [String] = []
        for line in lines.dropLast().reversed() {
            if let kind = Self.kind(of: register, in: line), !Self.isNumber(kind) {
                guard !calls.isEmpty else { return nil }
                self.kind = kind
                self.calls = calls
                return
            }
            if line.hasPrefix("from ") { return nil }
            guard let instruction = Self.instruction(in: line) else { continue }
            if let call = Self.call(in: instruction) {
                // R0 to R5 do not outlive a call.
                if let number = Int(register), number < 6 { return nil }
                calls.append(call)
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
    static func call(in instruction: Substring) -> String? {
        guard instruction.hasPrefix("call ") else { return nil }
        return String(instruction.dropFirst("call ".count).prefix { $0 != "#" && $0 != " " })
    }

    /// What is assigned to the register: `*(u64 *)(r1 +8)`; nil where the instruction leaves it alone or only adds to it.
    private static func source(of register: String, in instruction: Substring) -> Substring? {
        for letter in ["r", "w"] where instruction.hasPrefix("\(letter)\(register) = ") {
            return instruction.dropFirst(register.count + 4)
        }
        return nil
    }

    /// `7` of `r7`; nil where it is anything but a register.
    private static func register(_ text: Substring) -> String? {
        let word = text.prefix { $0 != " " }
        let number = word.dropFirst()
        return word.hasPrefix("r") && !number.isEmpty && number.allSatisfy(\.isNumber) ? String(number) : nil
    }

    /// `pkt` in `R6_w=pkt(id=0,…)`.
    private static func kind(of register: String, in line: String) -> String? {
        for ending in ["=", "_w=", "_rw=", "_r="] {
            guard let range = line.firstRange(of: " R\(register)\(ending)") else { continue }
            return String(line[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" })
        }
        return nil
    }

    /// Numbers were called `inv` before 5.18; a `P` says that it has to be known exactly.
    private static func isNumber(_ kind: String) -> Bool {
        guard let first = kind.first else { return true }
        return kind.hasPrefix("scalar") || kind.hasPrefix("inv") || first.isNumber || first == "-" || first == "P"
    }
}

extension Evidence {
    func former(_ register: String) -> FormerValue? {
        let lines = log.lastLines
        guard let end = lines.lastIndex(where: { FormerValue.instruction(in: $0) != nil }) else { return nil }
        return FormerValue(of: register, in: lines[...end])
    }
}
