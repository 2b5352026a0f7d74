// SPDX-License-Identifier: Apache-2.0

/// Loops, jumps, depth, size, and what programs return: `check_cfg()`, `is_state_visited()`, `check_max_stack_depth()`,
/// `check_return_code()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let flow: [CauseRule] = [
        CauseRule(.infiniteLoop, verifier: "infinite loop detected at insn #") { _, _ in
            Account(
                "a loop comes round to where nothing has changed: it may never end",
                cure: "count the rounds, up to a bound: for (int i = 0; i < 64; i++); or bpf_loop(), since 5.17"
            )
        },
        // With privilege loops are no back-edges since 5.3, and only functions that call themselves are.
        CauseRule(.callDepth, verifier: "back-edge from insn # to #") { _, evidence in
            guard evidence.program.isPrivileged == true, let version = evidence.kernel.version,
                version >= LinuxVersion(5, 3)
            else { return nil }
            return Account(
                "a function calls itself, directly or through others",
                cure: "write it as a loop with a bound"
            )
        },
        CauseRule(.infiniteLoop, verifier: "back-edge from insn # to #") { values, _ in
            Account(
                "instruction \(values[0]) goes back to instruction \(values[1]): a loop that this kernel does not take from such a "
                    + "program, or a function that calls itself",
                cure:
                    "load with privilege, on 5.3 or later, or unroll the loop (#pragma unroll); write recursion as a loop"
            )
        },
        CauseRule(.callDepth, verifier: "recursive call from … to …") { values, _ in
            Account("\(values[0]) calls itself, by \(values[1])", cure: "write it as a loop with a bound")
        },
        CauseRule(
            .callDepth,
            verifier: "the call stack of # frames is too deep",
            "the call stack of # frames is too deep !"
        ) { values, _ in
            Account(
                "functions call each other \(values[0]) deep, deeper than this kernel allows",
                cure: "let the compiler inline some of them: __always_inline; write recursion as a loop"
            )
        },
        CauseRule(.tooComplex, verifier: "BPF program is too large. Processed # insn") { values, _ in
            Account(
                "the verifier gave up after \(values[0]) instructions: there are too many paths to look at, or a loop has too many rounds",
                cure:
                    "fewer rounds and branches; put a loop's body into bpf_loop() (since 5.17) or into a global function, "
                    + "which is looked at once"
            )
        },
        CauseRule(.tooComplex, verifier: "The sequence of # jumps is too complex.") { values, _ in
            Account(
                "the verifier gave up with \(values[0]) branches waiting to be looked at: a loop with a branch in it has too many rounds",
                cure: "fewer rounds; or put the loop's body into bpf_loop() (since 5.17)"
            )
        },
        CauseRule(.unreachableCode, verifier: "unreachable insn #") { values, _ in
            Account(
                "instruction \(values[0]) can't be reached from anywhere",
                cure: "remove it; the compiler's own output has none, so look at the assembly in the source"
            )
        },
        CauseRule(.missingExit, verifier: "last insn is not an exit or jmp") { _, _ in
            Account(
                "the program runs on beyond its end",
                cure:
                    "end every path with a return; a function that the compiler takes to be without end (a loop without exit, "
                    + "undefined behaviour) has none"
            )
        },
        CauseRule(
            .jumpOutOfRange,
            verifier: "jump out of range from insn # to #",
            "jump into the middle of ldimm64 insn #"
        ) { values, _ in
            Account(
                values.count == 2
                    ? "instruction \(values[0]) jumps to \(values[1]), which is not in its function"
                    : "a jump leads into the middle of instruction \(values[0])",
                cure: "jump to labels, not over counted instructions"
            )
        },
        CauseRule(
            .returnValue,
            verifier: "At … the register R0 has … should have been in …"
        ) { values, evidence in
            Account(
                values[0] == "program exit"
                    ? "the program may return something else than \(range(values[2])), which is all that its type may return"
                    : "a function that a helper calls back may return something else than \(range(values[2]))",
                cure: "return \(range(values[2])) on every path"
            )
        },
        CauseRule(
            .returnValue,
            verifier: "At … the register R0 is not a scalar value (…)",
            "R0 not a scalar value",
            "cannot return stack pointer to the caller"
        ) { _, _ in
            Account("a pointer is returned where only a number may be", cure: "return a number on every path")
        },
        CauseRule(.returnValue, verifier: "At … the register R0 is not a known value (…)") { values, _ in
            Account("a value is returned that is not a known number", cure: "return a constant on every path")
        },
    ]

    /// `0 to 1` out of `(0x0; 0x1)`, a number with its unknown bits, or `[0, 1]`.
    private static func range(_ text: String) -> String {
        let inner = text.drop { "([".contains($0) }.prefix { !")]".contains($0) }
        if text.hasPrefix("(") {
            let parts = inner.split(separator: ";").map { $0.drop { $0 == " " } }
            guard parts.count == 2, let value = number(parts[0]), let mask = number(parts[1]) else { return text }
            if mask == 0 { return "\(value)" }
            return mask & (mask + 1) == 0 && value & mask == 0 ? "\(value) to \(value + mask)" : text
        }
        let parts = inner.split(separator: ",").map { $0.drop { $0 == " " } }
        guard parts.count == 2 else { return text }
        // MAX_ERRNO: what security hooks may return, which kernels check since 6.12.
        if parts[0] == "-4095", parts[1] == "0" { return "0 or a negative errno" }
        return parts[0] == parts[1] ? String(parts[0]) : "\(parts[0]) to \(parts[1])"
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16), value < 1 << 32 else {
            return nil
        }
        return value
    }
}
