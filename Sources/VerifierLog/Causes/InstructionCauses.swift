// SPDX-License-Identifier: Apache-2.0

/// Instructions that a kernel does not know: `do_check()`, `check_alu_op()` and `resolve_pseudo_ldimm64()` in
/// kernel/bpf/verifier.c.
extension CauseRule {
    /// Of an instruction that came later the object tells which it is, where it stands, and what helps.
    private static func later(_ evidence: Evidence) -> Account? {
        let later = evidence.program.laterInstructions
        // What is looked at before the program is followed has no number in the log: it is the first.
        let blamed =
            evidence.log.failure.map { failure in later.first { $0.index == failure.index } } ?? later.first
        guard let blamed, evidence.isOlder(than: blamed.since) || evidence.kernel.version == nil else { return nil }
        return Account(
            "this kernel does not know \(blamed.words)",
            cure: blamed.cure,
            since: blamed.since,
            instruction: blamed.index
        )
    }

    /// Compilers make nothing that Linux 6.6 does not know.
    private static func otherwise(_ evidence: Evidence) -> String {
        let assembly = "look at the assembly in the source"
        return evidence.isOlder(than: LinuxVersion(6, 6)) || evidence.kernel.version == nil
            ? "compile with -mcpu=v3, since kernels before 6.6 do not know v4; or \(assembly)" : assembly
    }

    /// What is looked at before the program is followed has no number in the log.
    private static func malformed(_ evidence: Evidence) -> Int? {
        evidence.log.failure == nil ? evidence.program.firstMalformed : nil
    }

    static let instructions: [CauseRule] = [
        CauseRule(
            .instructionUnknown,
            verifier: "BPF_STX uses reserved fields",
            "BPF_ATOMIC uses invalid atomic opcode …",
            "BPF_… uses reserved fields",
            "BPF_… uses reserved field",
            "unknown opcode …",
            "unknown insn class #",
            "invalid BPF_ALU opcode …",
            "invalid BPF_LDX mode"
        ) { _, evidence in later(evidence) },
        // Before 5.12 the only atomic instruction was to add, without fetching.
        CauseRule(.instructionUnknown, verifier: "BPF_STX uses reserved fields") { _, evidence in
            Account(
                "an atomic operation that this kernel does not know: it can only add, and not fetch",
                cure:
                    "add with __ATOMIC_RELAXED and leave what it returns unused; compare-and-swap and the like need Linux 5.12, whatever "
                    + "the -mcpu",
                since: LinuxVersion(5, 12)
            )
        },
        CauseRule(.instructionUnknown, verifier: "BPF_ATOMIC uses invalid atomic opcode …") { values, _ in
            Account(
                "an atomic operation that this kernel does not know (\(values[0]))",
                cure: "an addition, with what it returns unused"
            )
        },
        CauseRule(
            .instructionUnknown,
            verifier: "BPF_… uses reserved fields",
            "BPF_… uses reserved field"
        ) { values, evidence in
            Account(
                "an instruction (\(values[0])) that this kernel does not know: a newer kernel has a meaning for its fields, or none has",
                cure: otherwise(evidence),
                instruction: malformed(evidence)
            )
        },
        CauseRule(
            .instructionUnknown,
            verifier: "unknown opcode …",
            "unknown insn class #",
            "invalid BPF_ALU opcode …",
            "invalid BPF_LDX mode"
        ) { values, evidence in
            Account(
                "an instruction that this kernel does not know (\(values.first ?? "a mode of loading"))",
                cure: otherwise(evidence),
                instruction: malformed(evidence)
            )
        },
        CauseRule(
            .instructionUnknown,
            verifier: "BPF_LD_[ABS|IND] instructions not allowed for this program type",
            "LD_ABS is not allowed in subprogs without BTF",
            "at the time of BPF_LD_ABS|IND R6 != pointer to skb"
        ) { _, evidence in
            Account(
                "packets can't be read by load_byte() and its kind here: only socket filters and programs of traffic control"
                    + " have those instructions",
                cure: "read the packet through its pointers (data, data_end), or with bpf_skb_load_bytes()"
            )
        },
        CauseRule(.instructionUnknown, verifier: "R# is invalid") { values, evidence in
            Account(
                "register R\(values[0]) does not exist",
                cure: "there are R0 to R10: look at the assembly in the source",
                instruction: malformed(evidence)
            )
        },
    ]
}
