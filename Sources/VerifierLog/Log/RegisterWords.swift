// SPDX-License-Identifier: Apache-2.0

extension RegisterSpelling {
    /// What the register holds, for people: `a value of map 'table' (8 bytes), or NULL`. nil where this spelling is not known.
    ///
    /// Spellings: `reg_type_str()` and `print_reg_state()` in kernel/bpf/log.c, and in verifier.c before 6.3.
    var words: String? {
        if let constant { return constant }
        if type.hasPrefix("fp") { return stackWords }
        var name = type
        let isNullable = name.hasSuffix("_or_null")
        if isNullable { name.removeLast("_or_null".count) }
        var isPacketOrMap = true
        guard var words = typeWords(name, &isPacketOrMap) else { return nil }
        if isPacketOrMap, let offset = offsetWords { words += ", \(offset)" }
        return isNullable || name.contains("_or_null_") ? words + ", or NULL" : words
    }

    /// `7`, `0x1f`, `inv7`, `invP7`, `P7`: a number that is known.
    private var constant: String? {
        guard field("id", "umax", "umax_value") == nil else { return nil }
        var text = Substring(type)
        if text.hasPrefix("inv") { text = text.dropFirst(3) }
        if text.hasPrefix("P") { text = text.dropFirst() }
        guard !text.isEmpty, Self.number(String(text)) != nil else { return nil }
        return String(text)
    }

    /// `fp-8`, `fp[0]-4`
    private var stackWords: String? {
        let rest = type.dropFirst(2)
        let offset = rest.drop { $0 == "[" || $0 == "]" || $0.isNumber && rest.hasPrefix("[") }
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            let frame = rest[rest.index(after: rest.startIndex)..<close]
            return "the stack of frame \(frame), at \(rest[rest.index(after: close)...])"
        }
        guard let value = Int(offset) else { return nil }
        return value == 0 ? "the end of the stack" : "the stack, at \(value)"
    }

    private func typeWords(_ name: String, _ isOffsetTold: inout Bool) -> String? {
        switch name {
        case "scalar", "inv", "invP":
            isOffsetTold = false
            return numberWords
        case "ctx": return "the context"
        case "map_ptr": return field("map").map { "map '\($0)'" } ?? "a map"
        case "map_value":
            let of = field("map").map { "a value of map '\($0)'" } ?? "a map's value"
            return number("vs").map { "\(of) (\($0) bytes)" } ?? of
        case "map_key": return "a map's key"
        case "pkt": return number("r").map { "the packet, \($0) bytes of it checked" } ?? "the packet"
        case "pkt_end": return "the packet's end"
        case "pkt_meta": return "the packet's metadata"
        case "flow_keys": return "the flow's keys"
        case "mem", "rdonly_mem", "ringbuf_mem", "alloc_mem", "rdwr_buf", "rdonly_buf", "buf", "user_mem":
            let kind = name.hasPrefix("ringbuf") ? "memory of a ring buffer" : "memory"
            return number("sz", "mem_size").map { "\(kind) (\($0) bytes)" } ?? kind
        case "sock", "sock_common", "tcp_sock", "xdp_sock": return "a socket"
        case "func": return "a function"
        case "dynptr_ptr": return "a dynptr"
        case "arena": return "memory of an arena"
        default: return pointerWords(name)
        }
    }

    /// `trusted_ptr_task_struct`, `ptr_or_null_sock`, `percpu_ptr_x`.
    private func pointerWords(_ name: String) -> String? {
        var rest = Substring(name)
        var manners: [String] = []
        for manner in ["rdonly", "percpu", "user", "untrusted", "trusted", "rcu", "non_own_ref", "alloc"]
        where rest.hasPrefix("\(manner)_") {
            rest = rest.dropFirst(manner.count + 1)
            if manner != "alloc" { manners.append(manner == "non_own_ref" ? "not owned" : manner) }
        }
        guard rest.hasPrefix("ptr_") else { return nil }
        rest = rest.dropFirst(4)
        if rest.hasPrefix("or_null_") { rest = rest.dropFirst(8) }
        let kind = manners.isEmpty ? "" : " (\(manners.joined(separator: ", ")))"
        return rest.isEmpty ? "a pointer\(kind)" : "a pointer to \(rest)\(kind)"
    }

    private var numberWords: String {
        let low = number("umin", "umin_value")
        let high = number("umax", "umax_value")
        let signedLow = number("smin", "smin_value")
        let signedHigh = number("smax", "smax_value")
        // What has no bound of its own printed has the widest.
        if let high, high >= 0 {
            return "a number from \(low ?? 0) to \(Self.grouped(high))"
        }
        if let signedLow, let signedHigh {
            return "a number from \(Self.grouped(signedLow)) to \(Self.grouped(signedHigh))"
        }
        if let low { return "a number, \(Self.grouped(low)) at least" }
        return "a number, nothing known of it"
    }

    private static func grouped(_ value: Int) -> String { String(value) }

    /// `at offset 4`, `at an offset from 0 to 31`.
    private var offsetWords: String? {
        let fixed = number("off", "imm") ?? 0
        if let high = number("umax", "umax_value") {
            let low = number("umin", "umin_value") ?? 0
            guard high >= 0 else { return "at an offset without bound" }
            let (first, over) = fixed.addingReportingOverflow(low)
            let (last, beyond) = fixed.addingReportingOverflow(high)
            return over || beyond ? "at an offset without bound" : "at an offset from \(first) to \(last)"
        }
        if field("var_off") != nil || field("smin", "smax", "smin_value", "smax_value") != nil {
            return "at an offset without bound"
        }
        return fixed == 0 ? nil : "at offset \(fixed)"
    }
}
