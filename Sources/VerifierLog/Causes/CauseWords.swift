// SPDX-License-Identifier: Apache-2.0

/// How sentences call what the verifier names.
extension Evidence {
    /// The helper or kfunc that the refused instruction calls: `bpf_copy_from_user`; nil where it calls none.
    var called: String? {
        log.failure?.text.flatMap { FormerValue.namedCall(in: $0) }
    }

    /// `the result of bpf_map_lookup_elem()` where that is known, else `R0`.
    func value(in register: String) -> String {
        let origin = log.registers.first { $0.name == "R\(register)" }?.origin
        return origin?.text.flatMap { FormerValue.namedCall(in: $0) }.map { "the result of \($0)()" } ?? "R\(register)"
    }

    /// What the refused instruction does to memory.
    var verb: String {
        guard let text = log.failure?.text else { return "used" }
        return text.hasPrefix("*(") || text.hasPrefix("lock ") ? "written" : "read"
    }

    /// Whether the register holds what bpf_get_current_task() gave: an address, which is a number to the verifier.
    func isCurrentTask(_ register: String) -> Bool {
        value(in: register) == "the result of bpf_get_current_task()"
    }

    /// `map 'pairs'`, from 6.4 on, where a register that was printed says so; nil otherwise.
    var mapInRegisters: String? {
        for register in log.registers {
            guard let spelling = register.spelling, let start = spelling.firstRange(of: "map=") else { continue }
            let name = spelling[start.upperBound...].prefix { $0 != "," && $0 != ")" }
            if !name.isEmpty { return "map '\(name)'" }
        }
        return nil
    }
}

extension Evidence.ProgramFacts {
    /// As far as section and loader say: nothing known is not "may not".
    var mayNotSleep: Bool {
        if let isSleepable { return !isSleepable }
        guard let section else { return false }
        return !section.prefix { $0 != "/" }.hasSuffix(".s")
    }

    /// ` (xdp)`, the beginning of the section's name.
    var typeInBrackets: String {
        guard let section else { return "" }
        return " (\(section.drop { $0 == "?" }.prefix { $0 != "/" }))"
    }
}

enum CauseWords {
    /// `1 byte`, `8 bytes`
    static func bytes(_ count: String) -> String { count == "1" ? "1 byte" : "\(count) bytes" }

    /// `fp, pkt, map_value` as `the stack, the packet or a map's value`.
    static func kinds(_ list: String) -> String {
        var words: [String] = []
        for kind in list.split(separator: ",").map({ String($0.drop { $0 == " " }) }) where !kind.isEmpty {
            let word = Self.kind(kind)
            if !words.contains(word) { words.append(word) }
        }
        guard let last = words.last, words.count > 1 else { return words.first ?? list }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// What kernel/bpf/log.c (verifier.c before 6.4) calls the types of registers, `reg_type_str()`; as it is where it has
    /// no everyday name.
    static func kind(_ kind: String) -> String {
        if mayBeNull(kind) { return Self.kind(kind.replacing("_or_null", with: "")) + " or NULL" }
        return switch kind {
        case "inv", "scalar": "a number"
        case "fp": "the stack"
        case "ctx": "the context"
        case "map_ptr": "a map"
        case "map_key": "a map's key"
        case "map_value": "a map's value"
        case "pkt", "pkt_meta": "the packet"
        case "pkt_end": "the packet's end"
        case "mem", "buf": "memory"
        case "ringbuf_mem", "alloc_mem": "a record of a ring buffer"
        case "sock", "sock_common", "tcp_sock", "xdp_sock": "a socket"
        case "func": "a function"
        case let pointer where pointer.hasPrefix("user_"): "a pointer to memory of user space"
        case let pointer where pointer.hasPrefix("percpu_"): "a pointer to what each CPU has its own of"
        case let pointer where pointer.hasPrefix("untrusted_ptr_"): structure(pointer, "untrusted_ptr_")
        case let pointer where pointer.hasPrefix("trusted_ptr_"): structure(pointer, "trusted_ptr_")
        case let pointer where pointer.hasPrefix("rcu_ptr_"): structure(pointer, "rcu_ptr_")
        case let pointer where pointer.hasPrefix("ptr_"): structure(pointer, "ptr_")
        default: kind
        }
    }

    /// Whether the type of a register says that it may be NULL: `map_value_or_null`, and with the name of a structure behind it
    /// `trusted_ptr_or_null_task_struct`.
    static func mayBeNull(_ kind: String) -> Bool { kind.hasSuffix("_or_null") || kind.contains("_or_null_") }

    private static func structure(_ kind: String, _ prefix: String) -> String {
        let name = kind.dropFirst(prefix.count)
        return name.isEmpty ? "a kernel structure" : "struct \(name)"
    }
}
