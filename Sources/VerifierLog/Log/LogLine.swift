// SPDX-License-Identifier: Apache-2.0

/// What sort of line the verifier printed. From 5.10 to 7.x: `do_check()`, `verbose_linfo()`, `print_verifier_state()`,
/// `mark_chain_precision()` and `print_verification_stats()` in kernel/bpf/verifier.c and log.c.
enum LogLine: Equatable {
    /// `; x = y; @ file.c:12`: the C that the next instructions came from. The place only from 6.9 on.
    case source(text: Range<Int>)
    /// `7: while (n) ;`: the same of one instruction, before a complaint about the program's shape (`check_cfg()`).
    case sourceOfInstruction(index: Int, text: Range<Int>)
    /// `12: (79) r1 = *(u64 *)(r1 +8) ; R1_w=scalar()`
    case instruction(InstructionLine)
    /// `0: R1=ctx() R10=fp0`, ` R0=inv(id=0)`: what registers hold; the frame that they are of is in the text.
    case state(text: Range<Int>)
    /// `from 8 to 14: R0=…`: a branch that was put aside is taken up again.
    case resumption(from: Int, to: Int, state: Range<Int>)
    /// `from 8 to 14: safe`, `7: safe`: seen before in a state that covers this one.
    case pruned(from: Int?)
    /// `callee:` and `caller:` are followed by states of the one frame and the other.
    case frames
    /// How numbers are traced back to where they were first known (`mark_chain_precision`); states in it are old ones.
    case precision
    /// `processed 43 insns …`
    case statistics
    /// Told along the way, and no reason for anything.
    case remark
    /// Anything else: where nothing comes after it, it is why the program was refused.
    case message
}

/// An instruction that the verifier looked at.
struct InstructionLine: Equatable {
    /// Counted from the program's start, wide ones twice, as the kernel does.
    let index: Int
    /// `BPF_OP`, class and all; nil where libbpf has put its own text in the place of a call that can't be.
    let opcode: UInt8?
    let text: Range<Int>
    /// What came to be known by it: the registers that changed.
    var state: Range<Int>?
    /// `… 14: R0=scalar()` on the same line: a branch that was put aside goes on from there.
    var resumption: (to: Int, state: Range<Int>)?
    /// `… goto pc-20 BPF program is too large. …`: a message that the kernel printed on the same line.
    var message: Range<Int>?

    static func == (one: InstructionLine, other: InstructionLine) -> Bool {
        one.index == other.index && one.opcode == other.opcode && one.text == other.text && one.state == other.state
            && one.message == other.message
            && one.resumption?.to == other.resumption?.to && one.resumption?.state == other.resumption?.state
    }
}

extension LogBytes {
    /// The most instructions that a program can have (`BPF_COMPLEXITY_LIMIT_INSNS`): greater numbers are none of its.
    static let mostInstructions = 1_000_000

    /// Reads the line in `range`; time is linear in its length.
    func line(_ range: Range<Int>) -> LogLine {
        guard let first = range.first.map({ bytes[$0] }) else { return .remark }
        switch first {
        case UInt8(ascii: ";"):
            return .source(text: trimmed((range.lowerBound + 1)..<range.upperBound))
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return numbered(range) ?? .message
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            return indented(range)
        case UInt8(ascii: "R"):
            // `R1 invalid mem access …` is a message; `R1=ctx() R10=fp0` is none.
            return isState(at: range.lowerBound, in: range) ? .state(text: range) : .message
        case UInt8(ascii: "f"):
            return resumption(range) ?? (isRemark(range) ? .remark : .message)
        default:
            if isPrecision(range) { return .precision }
            if hasPrefix("caller:", in: range) || hasPrefix("callee:", in: range)
                || hasPrefix("returning from callee:", in: range) || hasPrefix("to caller at ", in: range)
            {
                return .frames
            }
            if isStatistics(range) { return .statistics }
            return isRemark(range) ? .remark : .message
        }
    }

    private func numbered(_ range: Range<Int>) -> LogLine? {
        guard let (index, end) = number(at: range.lowerBound, in: range), index < Self.mostInstructions,
            hasPrefix(":", at: end, in: range)
        else { return nil }
        let start = skippingBlanks(from: end + 1, in: range)
        guard start < range.upperBound else { return .remark }
        if let opcode = opcode(at: start, in: range) {
            return .instruction(instruction(index, opcode, text: (start + 4)..<range.upperBound))
        }
        if hasPrefix("<invalid ", at: start, in: range) {
            let text = start..<range.upperBound
            return .instruction(InstructionLine(index: index, opcode: nil, text: text))
        }
        if isState(at: start, in: range) { return .state(text: start..<range.upperBound) }
        if hasPrefix("safe", at: start, in: range), isBlank((start + 4)..<range.upperBound) {
            return .pruned(from: nil)
        }
        if isLiveness(at: start, in: range) { return .remark }
        return .sourceOfInstruction(index: index, text: trimmed(start..<range.upperBound))
    }

    /// `(79)`
    private func opcode(at position: Int, in range: Range<Int>) -> UInt8? {
        guard position + 4 <= range.upperBound, bytes[position] == UInt8(ascii: "("),
            bytes[position + 3] == UInt8(ascii: ")"),
            let high = Byte.hexadecimal(bytes[position + 1]), let low = Byte.hexadecimal(bytes[position + 2])
        else { return nil }
        return high << 4 | low
    }

    private func instruction(_ index: Int, _ opcode: UInt8, text: Range<Int>) -> InstructionLine {
        let end = endOfInstruction(opcode, in: text) ?? endOfUnknownForm(in: text)
        var line = InstructionLine(index: index, opcode: opcode, text: trimmed(text.lowerBound..<end))
        let rest = trimmed(end..<text.upperBound)
        guard let first = rest.first.map({ bytes[$0] }) else { return line }
        if first == UInt8(ascii: ";") {
            line.state = trimmed((rest.lowerBound + 1)..<rest.upperBound)
        } else if let (to, numberEnd) = number(at: rest.lowerBound, in: rest), hasPrefix(":", at: numberEnd, in: rest) {
            line.resumption = (to, trimmed((numberEnd + 1)..<rest.upperBound))
        } else {
            line.message = rest
        }
        return line
    }

    /// Before `; R1=…` or `14: R1=…`: no instruction has a semicolon or a colon in it.
    private func endOfUnknownForm(in text: Range<Int>) -> Int {
        var wordStart = text.lowerBound
        for position in text {
            switch bytes[position] {
            case UInt8(ascii: ";"): return position
            case UInt8(ascii: " "): wordStart = position + 1
            case UInt8(ascii: ":"):
                if let (_, end) = number(at: wordStart, in: text), end == position { return wordStart }
            default: break
            }
        }
        return text.upperBound
    }

    private func indented(_ range: Range<Int>) -> LogLine {
        let start = skippingBlanks(from: range.lowerBound, in: range)
        guard start < range.upperBound else { return .remark }
        if isState(at: start, in: range) { return .state(text: start..<range.upperBound) }
        if let (_, end) = number(at: start, in: range), hasPrefix(":", at: end, in: range),
            isLiveness(at: skippingBlanks(from: end + 1, in: range), in: range)
        {
            return .remark
        }
        return hasPrefix("; R", at: start, in: range) || hasPrefix("; frame", at: start, in: range)
            ? .state(text: (start + 2)..<range.upperBound) : .message
    }

    private func resumption(_ range: Range<Int>) -> LogLine? {
        guard hasPrefix("from ", in: range),
            let (from, fromEnd) = number(at: range.lowerBound + 5, in: range),
            hasPrefix(" to ", at: fromEnd, in: range),
            let (to, toEnd) = number(at: fromEnd + 4, in: range)
        else { return nil }
        var position = toEnd
        if hasPrefix(" (speculative execution)", at: position, in: range) { position += 24 }
        guard hasPrefix(":", at: position, in: range) else { return nil }
        let state = trimmed((position + 1)..<range.upperBound)
        return hasPrefix("safe", in: state) ? .pruned(from: from) : .resumption(from: from, to: to, state: state)
    }

    /// `R0=…`, `R1_w=…`, `frame1: …`, `fp-8=…`, and `refs=2` where nothing else is left.
    private func isState(at position: Int, in range: Range<Int>) -> Bool {
        if hasPrefix("R", at: position, in: range), let (_, end) = number(at: position + 1, in: range) {
            return isValueSign(at: end, in: range)
        }
        if hasPrefix("frame", at: position, in: range), let (_, end) = number(at: position + 5, in: range) {
            return hasPrefix(":", at: end, in: range)
        }
        if hasPrefix("fp-", at: position, in: range), let (_, end) = number(at: position + 3, in: range) {
            return isValueSign(at: end, in: range)
        }
        return hasPrefix("refs=", at: position, in: range)
    }

    /// `=`, or how the register was used and then `=`: `_w=`, `_rwD=`.
    func isValueSign(at position: Int, in range: Range<Int>) -> Bool {
        guard position < range.upperBound else { return false }
        if bytes[position] == UInt8(ascii: "=") { return true }
        guard bytes[position] == UInt8(ascii: "_") else { return false }
        var end = position + 1
        while end < range.upperBound, end - position <= 4 {
            switch bytes[end] {
            case UInt8(ascii: "="): return true
            case UInt8(ascii: "r"), UInt8(ascii: "w"), UInt8(ascii: "D"): end += 1
            default: return false
            }
        }
        return false
    }

    /// `.1........ (bf) r6 = r1`: which registers are alive before an instruction (7.x, at the level of everything).
    private func isLiveness(at position: Int, in range: Range<Int>) -> Bool {
        guard position + 10 <= range.upperBound else { return false }
        return bytes[position..<(position + 10)].allSatisfy { $0 == UInt8(ascii: ".") || Byte.digit($0) != nil }
    }

    private func isPrecision(_ range: Range<Int>) -> Bool {
        hasPrefix("last_idx ", in: range) || hasPrefix("regs=", in: range) || hasPrefix("parent ", in: range)
            || hasPrefix("mark_precise: ", in: range) || hasPrefix("propagating ", in: range)
    }

    func isStatistics(_ range: Range<Int>) -> Bool {
        hasPrefix("processed ", in: range) || hasPrefix("insns processed ", in: range)
            || hasPrefix("stack depth ", in: range) || hasPrefix("verification time ", in: range)
            || isStatisticsOfSubprogram(range)
    }

    /// `subprog 0 (name) main insns_self 7 insns_total 7 stack 8` (7.3)
    private func isStatisticsOfSubprogram(_ range: Range<Int>) -> Bool {
        guard hasPrefix("subprog ", in: range), let (_, end) = number(at: range.lowerBound + 8, in: range) else {
            return false
        }
        return hasPrefix(" (", at: end, in: range) && firstIndex(of: " insns_self ", in: end..<range.upperBound) != nil
    }

    /// `func 'vfs_open' arg0 has btf_id 1 type STRUCT 'path'` tells what a context's field is.
    private func isRemark(_ range: Range<Int>) -> Bool {
        if hasPrefix("func#", in: range) || hasPrefix("Live regs before insn", in: range)
            || hasPrefix("cur state: ", in: range) || hasPrefix("old state: ", in: range)
        {
            return true
        }
        if hasPrefix("func '", in: range) { return firstIndex(of: " has btf_id ", in: range) != nil }
        if hasPrefix("Func#", in: range) {
            return firstIndex(of: " is safe for any args", in: range) != nil
                || firstIndex(of: " is global and assumed valid", in: range) != nil
        }
        return hasPrefix("Validating ", in: range) && firstIndex(of: "() func#", in: range) != nil
    }
}
