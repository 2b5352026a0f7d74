// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// Calls of helpers: `check_helper_call()` and `check_func_arg()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let calls: [CauseRule] = [
        CauseRule(.helperUnknown, verifier: "invalid func unknown♯#") { values, _ in
            guard let number = UInt32(values[0]) else { return nil }
            guard let name = HelperVersions.name(number) else {
                return Account("a helper with the number \(number), which no kernel known here has")
            }
            let since = HelperVersions.since(number)
            // libbpf's bpf_printk() calls it for more than three values.
            if name == "bpf_trace_vprintk" {
                return Account(
                    "bpf_printk() with more than three values calls bpf_trace_vprintk(), which this kernel does not have",
                    cure: "print at most three values in each bpf_printk()",
                    since: since
                )
            }
            return Account(
                "this kernel has no helper \(name)()",
                cure:
                    "ask bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_\(name.dropFirst(4))) first, and do without it",
                since: since
            )
        },
        // Helpers that 5.10 gives to no program that may not sleep.
        CauseRule(.mightSleep, verifier: "unknown func …♯#", "program of this type cannot use helper …♯#") {
            values,
            evidence in
            guard onlySleepable.contains(values[0]), evidence.program.mayNotSleep else { return nil }
            return sleeps(values[0])
        },
        CauseRule(.configurationOff, verifier: "unknown func …♯#", "program of this type cannot use helper …♯#") {
            values,
            evidence in
            guard values[0] == "bpf_override_return", evidence.kernel.configuration[.errorInjection] == false else {
                return nil
            }
            return off(.errorInjection, "without which there is no \(values[0])()")
        },
        CauseRule(
            .helperNotForProgramType,
            verifier: "unknown func …♯#",
            "program of this type cannot use helper …♯#"
        ) { values, evidence in
            Account(
                "programs of this type\(evidence.program.typeInBrackets) have no helper \(values[0])() in this kernel",
                cure: values[0] == "bpf_probe_read" || values[0] == "bpf_probe_read_str"
                    ? "call \(values[0].replacing("probe_read", with: "probe_read_kernel"))(), or for memory of user space "
                        + "\(values[0].replacing("probe_read", with: "probe_read_user"))()"
                    : "use a helper that this type of program has, or another type of program"
            )
        },
        // bpf_helper_defs: `allowed` of a helper's prototype asks where the program is attached.
        CauseRule(.helperNotForProgramType, verifier: "helper call is not allowed in probe") { _, evidence in
            Account(
                "\(evidence.called.map { "\($0)()" } ?? "a helper") may not be called where this program is attached",
                cure:
                    "attach to a function for which the kernel allows it, such as fentry/security_file_open; since 5.11 lsm.s too"
            )
        },
        CauseRule(.configurationOff, verifier: "kernel subsystem misconfigured func …♯#") { values, _ in
            Account(
                "this kernel was built without what \(values[0])() needs",
                cure: "a kernel that was built with that part of it"
            )
        },
        CauseRule(
            .helperNeedsGPL,
            verifier: "LSM programs must have a GPL compatible license",
            "struct ops programs must have a GPL compatible license"
        ) { _, _ in
            Account(
                "programs of this type must be under the GPL",
                cure: "if the source may be under the GPL, say so: char LICENSE[] SEC(\"license\") = \"GPL\";"
            )
        },
        CauseRule(
            .helperNeedsGPL,
            verifier: "cannot call GPL-restricted function from non-GPL compatible program",
            "cannot call GPL only function from proprietary program"
        ) { _, evidence in
            Account(
                "\(evidence.called.map { "\($0)() is" } ?? "a helper is called that is") only for programs under the GPL, and "
                    + evidence.licence,
                cure: underGPL
            )
        },
        CauseRule(.helperNeedsGPL, verifier: "cannot call kernel function from non-GPL compatible program") {
            _,
            evidence in
            Account(
                "kfuncs are only for programs under the GPL, and \(evidence.licence)",
                cure: underGPL,
                instruction: evidence.program.firstKfuncCall
            )
        },
        CauseRule(.sleepInRegion, verifier: "helper call might sleep in …", "sleepable helper …♯# in …") {
            values,
            evidence in
            guard let region = values.last, region.contains("region") else { return nil }
            return sleeps(values.count > 1 ? values[0] : evidence.called, in: region)
        },
        CauseRule(.mightSleep, verifier: "helper call might sleep in …", "sleepable helper …♯# in …") {
            values,
            evidence in
            sleeps(values.count > 1 ? values[0] : evidence.called)
        },
        CauseRule(
            .nullArgument,
            verifier: "R# type=… expected=…",
            "Possibly NULL pointer passed to trusted arg#",
            "Possibly NULL pointer passed to trusted R#",
            "Possibly NULL pointer passed to helper arg#",
            "NULL pointer passed to trusted arg#",
            "NULL pointer passed to trusted R#"
        ) { values, evidence in
            if values.count == 3 {
                guard CauseWords.mayBeNull(values[1]) else { return nil }
                return Account(
                    "\(evidence.value(in: values[0])) may be NULL where it is handed to a function that takes no NULL",
                    cure: "test it before this line: if (!pointer) return 0;"
                )
            }
            return Account(
                "a pointer that may be NULL is handed to a function that takes no NULL",
                cure: "test it before this line: if (!pointer) return 0;"
            )
        },
        CauseRule(.referenceReleased, verifier: "R# type=… expected=…") { values, evidence in
            guard let former = evidence.former(values[0]), former.isAfterRelease else { return nil }
            return Account(
                former.releaser.map {
                    "what R\(values[0]) holds was given back by \($0)(), and is handed on after that"
                }
                    ?? "what R\(values[0]) holds, or what it was taken from, was given back, and is handed on after that",
                cure: "give it back once on each path"
            )
        },
        CauseRule(.helperArgumentType, verifier: "R# type=… expected=…") { values, evidence in
            let call = evidence.called.map { "\($0)()" } ?? "this call"
            let cure =
                if values[2].hasPrefix("map_ptr") {
                    "hand over the address of a map: &map"
                } else if values[2].hasPrefix("fp") {
                    "hand over a buffer: a variable on the stack, or the value of a map"
                } else if values[2] == "ctx" {
                    "hand over the program's own context"
                } else if values[2].contains("ptr_"), evidence.isCurrentTask(values[0]) {
                    "take the task from bpf_get_current_task_btf(), since 5.11: what bpf_get_current_task() gives is a number to the verifier"
                } else if values[2].contains("ptr_") {
                    "hand over a pointer that the verifier knows: an argument of a program that is attached by type (fentry, tp_btf, "
                        + "lsm, iter), or what a helper gave"
                } else {
                    "hand over what the helper takes"
                }
            return Account(
                "argument \(values[0]) of \(call) is \(CauseWords.kind(values[1])), and may only be \(CauseWords.kinds(values[2]))",
                cure: cure
            )
        },
        CauseRule(.helperArgumentType, verifier: "R# is of type … but … is expected") { values, evidence in
            Account(
                "argument \(values[0]) of \(evidence.called.map { "\($0)()" } ?? "this call") is struct \(values[1]), and may "
                    + "only be struct \(values[2])",
                cure: "hand over a pointer to that structure"
            )
        },
        CauseRule(
            .helperArgumentType,
            verifier: "Unsupported reg type … for bpf_dynptr_from_mem data",
            "R# is not a scalar"
        ) { values, evidence in
            Account(
                values[0].allSatisfy(\.isNumber)
                    ? "argument \(values[0]) of \(evidence.called.map { "\($0)()" } ?? "this call") must be a number"
                    : "bpf_dynptr_from_mem() is handed \(CauseWords.kind(values[0])), and takes the value of a map",
                cure: values[0].allSatisfy(\.isNumber) ? "hand over a number" : "put the bytes in the value of a map"
            )
        },
        CauseRule(.helperArgumentType, verifier: "helper access to the packet is not allowed") { _, evidence in
            Account(
                "\(evidence.called.map { "\($0)()" } ?? "a helper") is handed a pointer into the packet, which this type of program"
                    + "\(evidence.program.typeInBrackets) may not hand on",
                cure: "copy the bytes to the stack first, and hand over the copy"
            )
        },
        CauseRule(
            .helperArgumentSize,
            verifier: "R# min value is negative, either use unsigned or 'var &= const'"
        ) { values, _ in
            Account(
                "the size in argument \(values[0]) may be negative",
                cure: "keep it in a long, or an unsigned type, and test both ends before this line: "
                    + "if (size < 0 || size > sizeof(buffer)) return 0;"
            )
        },
        CauseRule(
            .helperArgumentSize,
            verifier: "R# unbounded memory access, use 'var &= const' or 'if (var < const)'"
        ) { values, evidence in
            // A limit to a number with a sign leaves those below zero, which are the largest without one.
            if evidence.hasSignedBound(values[0]) {
                return Account(
                    "the size in argument \(values[0]) is bounded as a signed number, and may be negative",
                    cure:
                        "give it an unsigned type (__u32, __u64), without a test for its lower end; or test both ends before this line: "
                        + "if (size < 0 || size > sizeof(buffer)) return 0;"
                )
            }
            return Account(
                "the size in argument \(values[0]) has no upper bound",
                cure: "bound it before this line: if (size > sizeof(buffer)) return 0;"
            )
        },
        CauseRule(
            .helperArgumentSize,
            verifier: "invalid zero-sized read",
            "R# invalid zero-sized read: u64=[#,#]"
        ) { values, _ in
            Account(
                "the size that is handed to the helper may be 0",
                cure:
                    "keep 0 out of its range: size = (size & 15) + 1; newer kernels also follow a test: barrier_var(size); "
                    + "if (size == 0) return 0;"
            )
        },
        CauseRule(
            .helperArgumentConstant,
            verifier: "R# is not a known constant'",
            "R# is not a known constant",
            // 5.10 of what only bpf_ringbuf_reserve() takes.
            "R# unbounded size, use 'var &= const' or 'if (var < const)'",
            "R# not const",
            "R# is not a const",
            // kfuncs
            "R# must be a known constant"
        ) { values, evidence in
            let call = evidence.called.map { "\($0)()" } ?? "this call"
            return Account(
                "argument \(values[0]) of \(call) must be a constant",
                cure: "write the number in the source"
                    + (evidence.called == "bpf_ringbuf_reserve"
                        ? "; for records of changing size: bpf_ringbuf_output(), or bpf_ringbuf_reserve_dynptr() since 5.19"
                        : "")
            )
        },
        CauseRule(.helperArgumentConstant, verifier: "tail_call abusing map, must be a constant") { _, _ in
            Account(
                "the map of a tail call is not the same on every path",
                cure: "call bpf_tail_call() with each map in a branch of its own"
            )
        },
        // record_func_key(): 7.2, and older kernels.
        CauseRule(
            .helperNotForMapType,
            verifier: "expected prog array map for tail call",
            "kernel subsystem misconfigured verifier"
        ) { _, evidence in
            guard evidence.called == "bpf_tail_call" else { return nil }
            return Account(
                "bpf_tail_call() only takes maps of the type prog_array",
                cure: "hand over a map of the type BPF_MAP_TYPE_PROG_ARRAY"
            )
        },
        CauseRule(.helperNotForMapType, verifier: "cannot pass map_type # into func …♯#") { values, _ in
            guard let type = UInt32(values[0]) else { return nil }
            return Account(
                "\(values[1])() does not take maps of the type \(MapType.name(type))",
                cure: "hand over a map of the type that the helper is for"
            )
        },
    ]

    static let onlySleepable: Set<String> = [
        "bpf_copy_from_user", "bpf_copy_from_user_task", "bpf_ima_inode_hash", "bpf_ima_file_hash",
    ]

    static func sleeps(_ helper: String?) -> Account {
        Account(
            "\(helper.map { "\($0)()" } ?? "a helper that is called here") may sleep, and this program may not",
            cure:
                "a sleepable program, where the hook has one (lsm.s, uprobe.s, iter.s, …); or bpf_probe_read_user(), which "
                + "does without what is not in memory"
        )
    }

    /// - Parameter region: as the kernel calls it: `rcu_read_lock region`.
    static func sleeps(_ function: String?, in region: String) -> Account {
        Account(
            "\(function.map { "\($0)()" } ?? "a helper that is called here") may sleep, and is called where nothing may (\(region))",
            cure: "call it before the region, or after"
        )
    }

    private static let underGPL =
        "if the source may be under the GPL, say so: char LICENSE[] SEC(\"license\") = \"GPL\";"

    static func off(_ name: ConfigurationSwitch, _ consequence: String) -> Account {
        Account(
            "\(name.rawValue) is off in this kernel, \(consequence)",
            cure: "a kernel that was built with \(name.rawValue)=y"
        )
    }
}

extension Evidence {
    /// What the object says of it, for the end of a sentence.
    fileprivate var licence: String {
        switch program.license {
        case nil: "this object's licence is another"
        case ""?: "this object says no licence"
        case let license?: "this object's licence is \"\(license)\""
        }
    }

    /// Whether the register is only bounded as a number with a sign.
    fileprivate func hasSignedBound(_ register: String) -> Bool {
        guard let spelling = log.registers.first(where: { $0.name == "R\(register)" })?.spelling else { return false }
        // Of 64 bits and of 32, as 6.x and as 5.x spell it.
        return [
            ("smax=", "umax="), ("smax32=", "umax32="), ("smax_value=", "umax_value="),
            ("s32_max_value=", "u32_max_value="),
        ]
        .contains { spelling.contains($0.0) && !spelling.contains($0.1) }
    }
}
