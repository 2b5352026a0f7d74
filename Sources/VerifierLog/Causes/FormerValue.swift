// SPDX-License-Identifier: Apache-2.0

/// What a register pointed to before a call made a mere number of it, read backwards from the end of the log.
///
/// Helpers that may move a packet, and those that take back what they gave, make numbers of all pointers into it
/// (`clear_all_pkt_pointers()`, `release_reference()` in kernel/bpf/verifier.c). Only what the log shows beyond doubt counts:
/// where the way comes from another branch, its beginning is not looked for.
struct FormerValue: Equatable {
    /// `pkt`, `ringbuf_mem`, as the verifier spells it.
    let kind: String
    /// The calls since, the latest first.
    let calls: [Call]

    struct Call: Equatable {
        /// `bpf_xdp_adjust_head`
        let name: String
        /// Whether its first argument was the value itself, as far as the log shows.
        var takesValue = false
        /// The register that its first argument was moved from, as far back as it has been followed.
        fileprivate var argument: String? = "1"
    }

    /// nil where the register was a number all along, or that is not known.
    ///
    /// - Parameter lines: the end of a log, up to the instruction that was refused.
    init?(of register: String, in lines: some BidirectionalCollection<String>) {
        var walk = Walk(register: register)
        for line in lines.dropLast().reversed() {
            if walk.kind == nil, let kind = Self.kind(of: walk.register, in: line), !Self.isNumber(kind) {
                guard !walk.calls.isEmpty else { return nil }
                walk.kind = kind
            }
            // Once the kind is known, only what calls were handed is still looked for.
            if walk.kind != nil, walk.calls.allSatisfy({ $0.argument == nil }) { break }
            guard !line.hasPrefix("from ") else { break }
            guard let instruction = Self.instruction(in: line) else { continue }
            guard walk.step(back: instruction) else { break }
        }
        guard let kind = walk.kind else { return nil }
        self.kind = kind
        calls = walk.calls
    }

    /// The way back, and where the value was kept on it.
    private struct Walk {
        var register: String
        var kind: String?
        var calls: [Call] = []

        /// - Returns: whether the value was there before the instruction as well.
        mutating func step(back instruction: Substring) -> Bool {
            // Registers of another function of the program are others.
            if instruction.hasPrefix("call pc") || instruction.hasPrefix("exit") { return false }
            if let call = FormerValue.call(in: instruction) {
                // R0 to R5 do not outlive a call.
                for index in calls.indices where calls[index].argument.map(isScratch) ?? false {
                    calls[index].argument = nil
                }
                guard !isScratch(register) else { return false }
                if kind == nil { calls.append(Call(name: call)) }
                return true
            }
            for index in calls.indices {
                guard let argument = calls[index].argument,
                    let source = FormerValue.source(of: argument, in: instruction)
                else { continue }
                calls[index].argument = FormerValue.register(source)
            }
            if let source = FormerValue.source(of: register, in: instruction) {
                guard let moved = FormerValue.register(source) else { return false }
                register = moved
            }
            for index in calls.indices where calls[index].argument == register {
                calls[index].takesValue = true
                calls[index].argument = nil
            }
            return true
        }

        private func isScratch(_ register: String) -> Bool { Int(register).map { $0 < 6 } ?? true }
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

    /// The same where it is the name of a function: kernels without one print a number, or `unknown`.
    static func namedCall(in instruction: some StringProtocol) -> String? {
        call(in: Substring(instruction)).flatMap { $0.hasPrefix("unknown") || $0.allSatisfy(\.isNumber) ? nil : $0 }
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

extension FormerValue {
    /// The helper that may have moved the packet first: what it left pointers into it nobody could use after.
    var mover: String? { calls.last { PacketMovers.contains($0.name) }?.name }

    /// The function that gave this very value back; nil where none did, or none is known to.
    var releaser: String? { calls.last { $0.takesValue && CauseRule.isRelease($0.name) }?.name }

    /// Whether anything was given back since: what was taken from it goes with it.
    var isAfterRelease: Bool { calls.contains { CauseRule.isRelease($0.name) } }
}

extension Evidence {
    func former(_ register: String) -> FormerValue? {
        let lines = log.lastLines
        guard let end = lines.lastIndex(where: { FormerValue.instruction(in: $0) != nil }) else { return nil }
        return FormerValue(of: register, in: lines[...end])
    }
}
