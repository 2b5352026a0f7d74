// SPDX-License-Identifier: Apache-2.0

extension LogBytes {
    /// Where an instruction's own text ends, by the forms of `print_bpf_insn()` in kernel/bpf/disasm.c: what follows on its line
    /// is a state, a branch that is taken up again, or a message that the kernel printed without a line feed before it. nil for a
    /// form that is not known.
    ///
    /// - Parameter line: what follows `12: (79)`.
    func endOfInstruction(_ opcode: UInt8, in line: Range<Int>) -> Int? {
        let text = skippingBlanks(from: line.lowerBound, in: line)..<line.upperBound
        return switch opcode & 0x07 {
        case 5, 6: endOfJump(in: text)
        case 4, 7: endOfArithmetic(in: text)
        case 0, 1: endOfLoad(in: text)
        default: endOfStore(in: text)
        }
    }

    /// `goto pc+3`, `if r1 != 0x0 goto pc-2`, `may_goto pc+1`, `call bpf_loop#181`, `call pc+5`, `exit`
    private func endOfJump(in text: Range<Int>) -> Int? {
        if hasPrefix("exit", in: text) { return endOfWord(from: text.lowerBound, in: text) }
        if hasPrefix("call ", in: text) { return endOfWord(from: text.lowerBound + 5, in: text) }
        guard let sign = firstIndex(of: " pc", in: text) else { return nil }
        return endOfWord(from: sign + 1, in: text)
    }

    /// `r1 += 4`, `w1 s>>= 31`, `r1 = be16 r1`, `r1 = (s8)r2`, `r1 = addr_space_cast(r1, 0, 1)`
    private func endOfArithmetic(in text: Range<Int>) -> Int? {
        guard let sign = firstIndex(of: "= ", in: text) else { return nil }
        let operand = (sign + 2)..<text.upperBound
        if hasPrefix("be", in: operand) || hasPrefix("le", in: operand) || hasPrefix("bswap", in: operand) {
            let end = endOfWord(from: operand.lowerBound, in: text)
            return end < text.upperBound ? endOfWord(from: end + 1, in: text) : end
        }
        if hasPrefix("addr_space_cast(", in: operand) || hasPrefix("&(", in: operand) {
            return endOfParentheses(from: operand.lowerBound, in: text)
        }
        return endOfWord(from: operand.lowerBound, in: text)
    }

    /// `r1 = *(u64 *)(r1 +8)`, `r0 = *(u16 *)skb[r7 + 2]`, `r1 = 0xffff8880`
    private func endOfLoad(in text: Range<Int>) -> Int? {
        guard let sign = firstIndex(of: "= ", in: text) else { return nil }
        let operand = (sign + 2)..<text.upperBound
        guard hasPrefix("*(", in: operand) else { return endOfWord(from: operand.lowerBound, in: text) }
        guard let type = firstIndex(of: "*)", in: operand) else { return nil }
        let address = (type + 2)..<text.upperBound
        if hasPrefix("skb[", in: address) { return firstIndex(of: "]", in: address).map { $0 + 1 } }
        return endOfParentheses(from: address.lowerBound, in: text)
    }

    /// `*(u64 *)(r10 -8) = r1`, `lock *(u64 *)(r1 +0) += r2`, `r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)`,
    /// `r0 = load_acquire((u64 *)(r1 +0))`
    private func endOfStore(in text: Range<Int>) -> Int? {
        if hasPrefix("store_release(", in: text) { return endOfParentheses(from: text.lowerBound, in: text) }
        guard let sign = firstIndex(of: "= ", in: text) else { return nil }
        let operand = (sign + 2)..<text.upperBound
        if hasPrefix("atomic", in: operand) || hasPrefix("load_acquire(", in: operand) {
            return endOfParentheses(from: operand.lowerBound, in: text)
        }
        return endOfWord(from: operand.lowerBound, in: text)
    }

    private func endOfWord(from start: Int, in text: Range<Int>) -> Int {
        var end = start
        while end < text.upperBound, !Byte.isBlank(bytes[end]) { end += 1 }
        return min(end, text.upperBound)
    }

    /// Behind the parenthesis that closes the first one at or after `start`; nil where nothing does.
    private func endOfParentheses(from start: Int, in text: Range<Int>) -> Int? {
        var depth = 0
        for position in start..<text.upperBound {
            if bytes[position] == UInt8(ascii: "(") { depth += 1 }
            guard bytes[position] == UInt8(ascii: ")") else { continue }
            depth -= 1
            // `&(void __percpu *)(r1)`: what it is made of follows at once.
            let next = position + 1
            if depth == 0, next == text.upperBound || bytes[next] != UInt8(ascii: "(") { return next }
        }
        return nil
    }
}
