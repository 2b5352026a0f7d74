// SPDX-License-Identifier: Apache-2.0

/// Reads and writes through pointers: `check_mem_access()` and what it calls, in kernel/bpf/verifier.c.
extension CauseRule {
    static let memory: [CauseRule] = [
        CauseRule(.nullDereference, verifier: "R# invalid mem access '…'") { values, evidence in
            guard CauseWords.mayBeNull(values[1]) else { return nil }
            return Account(
                "\(evidence.value(in: values[0])) may be NULL where it is used as a pointer",
                cure: "test it before this line: if (!pointer) return 0;"
            )
        },
        // A helper that may change the packet makes numbers of all pointers into it (clear_all_pkt_pointers).
        CauseRule(.stalePacketPointer, verifier: "R# invalid mem access '…'") { values, evidence in
            guard let former = evidence.former(values[0]), former.kind.hasPrefix("pkt") else { return nil }
            return Account(
                "R\(values[0]) pointed into the packet before "
                    + (former.mover.map { "\($0)(), which may move the packet" }
                        ?? "a call that may have moved the packet"),
                cure: "read data and data_end from the context again after the call, and check the bounds again"
            )
        },
        CauseRule(.referenceReleased, verifier: "R# invalid mem access '…'") { values, evidence in
            guard let former = evidence.former(values[0]), former.isAfterRelease else { return nil }
            return Account(
                former.releaser.map { "R\(values[0]) was given back by \($0)() and is used after that" }
                    ?? "R\(values[0]) is used after it, or what it was taken from, was given back",
                cure: "use it before it is given back, and not after"
            )
        },
        CauseRule(.scalarDereference, verifier: "R# invalid mem access '…'") { values, evidence in
            guard values[1] == "scalar" || values[1] == "inv" else { return nil }
            if evidence.isCurrentTask(values[0]) {
                return Account(
                    "what bpf_get_current_task() gives is a number to the verifier, not a pointer that may be followed",
                    cure:
                        "read it with BPF_CORE_READ(); or take it from bpf_get_current_task_btf(), since 5.11, which may be followed"
                )
            }
            return Account(
                "R\(values[0]) is a number to the verifier, not a pointer that may be followed",
                cure: "read kernel memory with bpf_probe_read_kernel() or BPF_CORE_READ(), user memory with "
                    + "bpf_probe_read_user(); programs that are attached by type (fentry, tp_btf, lsm) may follow their arguments"
            )
        },
        CauseRule(.untrustedPointer, verifier: "R# invalid mem access '…'") { values, _ in
            guard values[1].contains("ptr_") else { return nil }
            return elsewhere(values[0], values[1])
        },
        CauseRule(
            .untrustedPointer,
            verifier: "R# is ptr_… access user memory: off=#",
            "R# is ptr_… access percpu memory: off=#"
        ) { values, evidence in
            elsewhere(values[0], evidence.messages.contains { $0.contains("access user memory") } ? "user_" : "percpu_")
        },
        CauseRule(.readOnlyMemory, verifier: "write into map forbidden, value_size=# off=# size=#") {
            values,
            evidence in
            Account(
                "\(CauseWords.bytes(values[2])) would be written into a map that programs may only read (constants, .rodata, BPF_F_RDONLY_PROG)",
                cure: "keep what changes in a variable without const, or in a map without BPF_F_RDONLY_PROG"
            )
        },
        CauseRule(
            .readOnlyMemory,
            verifier: "R# cannot write into …",
            "cannot write into packet",
            "the prog does not allow writes to packet data",
            "cannot write into …"
        ) { values, _ in
            Account(
                "what is written to here may only be read: \(values.last ?? "packet")",
                cure: "copy it, and change the copy"
            )
        },
        CauseRule(
            .atomicNotAllowed,
            verifier: "BPF_XADD stores into R# … is not allowed",
            "BPF_ATOMIC stores into R# … is not allowed",
            "BPF_ATOMIC loads from R# … is not allowed"
        ) { values, _ in
            Account(
                "an atomic operation on \(CauseWords.kind(values[1])), where there can be none",
                cure: "atomic operations work on the values of maps and on the stack"
            )
        },
        CauseRule(
            .mapValueBounds,
            verifier: "invalid access to map key, key_size=# off=# size=#"
        ) { values, _ in
            Account(
                "an access to \(CauseWords.bytes(values[2])) at offset \(values[1]) is not within the map's key, which has "
                    + CauseWords.bytes(values[0])
            )
        },
        CauseRule(
            .mapValueBounds,
            verifier: "invalid access to map value, value_size=# off=# size=#"
        ) { values, evidence in
            Account(
                "an access to \(CauseWords.bytes(values[2])) at offset \(values[1]) is not within a value of \(evidence.mapInRegisters ?? "the map"), which has \(CauseWords.bytes(values[0]))",
                cure: evidence.isOffsetVariable
                    ? "use an unsigned index, and check it against the number of elements before this line: "
                        + "if (index >= ELEMENTS) return 0;"
                    : evidence.called == nil
                        ? "use what lies in the value, or declare the map with a larger one"
                        : "hand over a size of at most what the value has from there on, or declare the map with a larger value"
            )
        },
        CauseRule(
            .memoryBounds,
            verifier: "invalid access to memory, mem_size=# off=# size=#",
            "invalid access to …, mem_size=# off=# size=#"
        ) { values, evidence in
            let numbers = values.suffix(3)
            guard let first = numbers.first, let last = numbers.last else { return nil }
            return Account(
                "an access to \(CauseWords.bytes(last)) at offset \(numbers[numbers.startIndex + 1]) is not within this memory, which has \(CauseWords.bytes(first))",
                cure: evidence.isOffsetVariable
                    ? "check the offset against the size before this line: if (offset >= size) return 0;"
                    : "reserve as many bytes as are used, or ask bpf_dynptr_data() for as many; or use fewer"
            )
        },
        CauseRule(
            .packetBounds,
            verifier: "invalid access to packet, off=# size=#, R#(id=#,off=#,r=#)"
        ) { values, _ in
            // Only where nothing variable was added is `off` the offset in the packet.
            if values[3] != "0" {
                return Account(
                    "the packet is used behind an offset that varies, which was "
                        + (values[5] == "0"
                            ? "not bounded, or not checked against the packet's end after it was added"
                            : "checked for \(CauseWords.bytes(values[5])) only after it was added"),
                    cure:
                        "bound the offset first: barrier_var(offset); if (offset > …) return …; and compare with the packet's end after it was added: "
                        + "if (pointer + size > data_end) return …;"
                )
            }
            if values[0].hasPrefix("-") {
                return Account(
                    "the packet is used at offset \(values[0]), before its beginning",
                    cure: "use what lies between data and data_end"
                )
            }
            return Account(
                values[5] == "0"
                    ? "the packet is used at offset \(values[0]), and nothing says that it is that long"
                    : "the packet is used at offset \(values[0]), and it was checked for \(CauseWords.bytes(values[5])) only",
                cure: "compare with the packet's end before this line: if (data + size > data_end) return …;"
            )
        },
        CauseRule(
            .unboundedOffset,
            verifier: "R# min value is negative, either use unsigned index or do a if (index >=0) check."
        ) { values, _ in
            Account(
                "the offset in R\(values[0]) may be negative",
                cure: "use an unsigned index, and check it against the number of elements before this line"
            )
        },
        CauseRule(
            .unboundedOffset,
            verifier: "R# unbounded memory access, make sure to bounds check any such access"
        ) { values, _ in
            Account(
                "the offset in R\(values[0]) has no upper bound",
                cure: "use an unsigned index, and check it before this line: if (index >= ELEMENTS) return 0;"
            )
        },
        CauseRule(
            .misalignedAccess,
            verifier: "misaligned … access off … size #"
        ) { values, _ in
            Account(
                "\(values[2]) bytes of the \(values[0]) are used at an address that need not be a multiple of \(values[2])",
                cure: "align the field, or copy its bytes: __builtin_memcpy() from a char pointer"
            )
        },
        // check_func_arg_reg_off(), check_ptr_off_reg()
        CauseRule(
            .referenceReleased,
            verifier: "dereference of modified … ptr R# off=# disallowed",
            "R# must have zero offset when passed to release func or trusted arg to kfunc",
            "R# must have zero offset when passed to release func"
        ) { values, evidence in
            guard let call = evidence.called, isRelease(call) else { return nil }
            return Account(
                "\(call)() is handed a pointer that was moved, and takes only the one that was reserved or looked up",
                cure: "keep that pointer in a variable of its own, and hand it over as it is"
            )
        },
        CauseRule(
            .helperArgumentType,
            verifier: "dereference of modified … ptr R# off=# disallowed",
            "R# must have zero offset when passed to release func or trusted arg to kfunc"
        ) { values, evidence in
            guard values[0] != "ctx" else { return nil }
            return Account(
                "\(evidence.called.map { "\($0)()" } ?? "what is called here") is handed a pointer that was moved"
                    + (values.count == 3 ? ", to \(CauseWords.kind(values[0]))" : "")
                    + ", and takes it only as it was given",
                cure: "hand over the pointer itself, and add to what comes of it"
            )
        },
        CauseRule(
            .contextModified,
            verifier: "dereference of modified … ptr R# off=# disallowed",
            "variable … access var_off=… disallowed"
        ) { values, _ in
            Account(
                "the context is used through a pointer that was added to",
                cure:
                    "name the context's fields (ctx->field) at constant offsets; where the compiler computes an address out of "
                    + "several reads, keep them apart: barrier_var(value) after each, or PT_REGS_PARM1_CORE(ctx) and its like"
            )
        },
        // Says more than the line about the context that follows it.
        CauseRule(.contextAccess, verifier: "func '…' doesn't have #-th argument") { values, _ in
            Account(
                "\(values[0])() has no argument number \(values[1]) in this kernel",
                cure:
                    "read only the arguments that the kernel's own function has; what it returns, in fexit, is behind them"
            )
        },
        CauseRule(
            .contextAccess,
            verifier: "invalid bpf_context access off=# size=#",
            "invalid bpf_context access off=# size=#. …"
        ) { values, evidence in
            Account(
                "\(CauseWords.bytes(values[1])) at offset \(values[0]) of the context can't be \(evidence.verb) by programs of this type\(evidence.program.typeInBrackets)",
                cure:
                    "use only the context's fields that this type of program has, with their own size, and write only to those "
                    + "that may be written"
            )
        },
        CauseRule(.typedPointerAccess, verifier: "only read is supported") { _, _ in
            Account(
                "a kernel structure is written to; programs may only read it",
                cure: "keep the value in a map instead"
            )
        },
        CauseRule(.typedPointerAccess, verifier: "access beyond struct … at off # size #") { values, _ in
            Account(
                "\(values[2]) bytes at offset \(values[1]) lie beyond struct \(values[0])",
                cure: "read fields by their names; what lies behind a structure, with bpf_probe_read_kernel()"
            )
        },
        CauseRule(
            .typedPointerAccess,
            verifier: "access beyond the end of member … (mend:#) in struct … with off # size #"
        ) { values, _ in
            Account(
                "\(values[4]) bytes at offset \(values[3]) of struct \(values[2]) reach beyond its member \(values[0])",
                cure: "read each member by its name"
            )
        },
        CauseRule(.packetBounds, verifier: "R# offset is outside of the packet") { _, _ in
            Account(
                "the packet is used beyond what was checked",
                cure: "compare with the packet's end before this line: if (data + size > data_end) return …;"
            )
        },
        // Only says that something failed: what is known better comes before.
        CauseRule(
            .memoryBounds,
            verifier: "R# min value is outside of the allowed memory range",
            "R# max value is outside of the allowed memory range"
        ) { values, evidence in
            Account(
                "the memory that R\(values[0]) points to is used beyond its bounds",
                cure: evidence.isOffsetVariable ? "check the offset before this line" : "use what lies within it"
            )
        },
    ]

    /// A pointer to memory that is not the kernel's own, or of each CPU its own.
    private static func elsewhere(_ register: String, _ kind: String) -> Account {
        let cure =
            if kind.contains("user_") {
                "read through it with bpf_probe_read_user(), or bpf_copy_from_user() where the program may sleep"
            } else if kind.contains("percpu_") {
                "ask for this CPU's with bpf_this_cpu_ptr(), or for another's with bpf_per_cpu_ptr()"
            } else {
                "read through it with bpf_probe_read_kernel()"
            }
        return Account("R\(register) is \(CauseWords.kind(kind)), which can't be followed here", cure: cure)
    }

    /// Whether a call gives back what was taken: `bpf_ringbuf_submit`, `bpf_sk_release`.
    static func isRelease(_ call: String) -> Bool {
        ["_release", "_submit", "_discard", "_put", "_submit_dynptr", "_discard_dynptr", "_drop_impl"]
            .contains { call.hasSuffix($0) }
    }
}

extension Evidence {
    /// Whether the verifier measured the largest value of an offset, and not its only one: `check_mem_region_access()`.
    fileprivate var isOffsetVariable: Bool {
        messages.contains { Self.beyond.match($0) != nil }
    }

    private static let beyond: Wording = "R# max value is outside of the allowed memory range"
}
