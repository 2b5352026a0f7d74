// SPDX-License-Identifier: Apache-2.0

/// What the verifier knows of a register or a slot of the stack, as `print_verifier_state()` spells it.
struct RegisterSpelling: Sendable, Hashable {
    /// `map_value_or_null`, `scalar`, `fp-8`, `7`.
    let type: String
    /// `id=1`, `ks=4`, in their order.
    private let fields: [(name: String, value: String)]

    static func == (one: RegisterSpelling, other: RegisterSpelling) -> Bool {
        one.type == other.type && one.fields.elementsEqual(other.fields) { $0 == $1 }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        for field in fields { hasher.combine(field.value) }
    }

    init(_ text: String) {
        guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
            type = text
            fields = []
            return
        }
        type = String(text[..<open])
        let inner = text[text.index(after: open)...].dropLast()
        var pending: [String] = []
        var fields: [(String, String)] = []
        for part in Self.parts(inner) {
            guard let sign = part.firstIndex(of: "=") else { continue }
            pending.append(String(part[..<sign]))
            // `smin=umin=6`: several that are equal.
            var value = part[part.index(after: sign)...]
            while let next = value.firstIndex(of: "="), !value.hasPrefix("(") {
                pending.append(String(value[..<next]))
                value = value[value.index(after: next)...]
            }
            for name in pending { fields.append((name, String(value))) }
            pending = []
        }
        self.fields = fields
    }

    /// At the commas, those within parentheses left alone.
    private static func parts(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var depth = 0
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        parts.append(text[start...])
        return parts
    }

    func field(_ names: String...) -> String? {
        fields.first { names.contains($0.name) }?.value
    }

    /// Decimal or hexadecimal.
    func number(_ names: String...) -> Int? {
        guard let text = fields.first(where: { names.contains($0.name) })?.value else { return nil }
        return Self.number(text)
    }

    static func number(_ text: String) -> Int? {
        if text.hasPrefix("0x") {
            return UInt64(text.dropFirst(2), radix: 16).map { Int(truncatingIfNeeded: $0) }
        }
        return Int(text)
    }
}

extension LogBytes {
    /// What `state` says of `R6`: the text after its `=`. nil where it does not say.
    func spelling(of register: Int, in state: Range<Int>) -> Range<Int>? {
        var position = state.lowerBound
        while position < state.upperBound {
            let start = position
            if let (number, end) = registerName(at: start, in: state), number == register,
                isValueSign(at: end, in: state), let sign = firstIndex(of: "=", in: end..<state.upperBound)
            {
                return (sign + 1)..<endOfWord(from: sign + 1, in: state)
            }
            position = skippingBlanks(from: endOfWord(from: start, in: state), in: state)
            if position == start { position += 1 }
        }
        return nil
    }

    private func registerName(at position: Int, in range: Range<Int>) -> (number: Int, end: Int)? {
        guard hasPrefix("R", at: position, in: range), let (value, end) = number(at: position + 1, in: range) else {
            return nil
        }
        return (value, end)
    }

    /// Up to the next blank that is not within parentheses.
    private func endOfWord(from start: Int, in range: Range<Int>) -> Int {
        var position = start
        var depth = 0
        while position < range.upperBound {
            switch bytes[position] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: " ") where depth <= 0: return position
            default: break
            }
            position += 1
        }
        return position
    }
}
