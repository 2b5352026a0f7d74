// SPDX-License-Identifier: Apache-2.0

/// Reads through pointers whose type the kernel knows, and of arguments that are such: `btf_struct_walk()`, `btf_ctx_access()`
/// and `btf_distill_func_proto()` in kernel/bpf/btf.c, `check_ptr_to_btf_access()` in verifier.c.
extension CauseRule {
    static let typed: [CauseRule] = [
        CauseRule(
            .typedPointerAccess,
            verifier: "cannot access ptr member … with moff # in struct … with off # size #"
        ) { values, _ in
            Account(
                "\(CauseWords.bytes(values[4])) at offset \(values[3]) of struct \(values[2]) are not the whole of the pointer \(values[0]), "
                    + "which begins at offset \(values[1])",
                cure: "read the whole pointer, with a type of 8 bytes"
            )
        },
        CauseRule(.typedPointerAccess, verifier: "struct … doesn't have field at offset #") { values, _ in
            Account(
                "struct \(values[0]) has no field at offset \(values[1])",
                cure:
                    "read fields by their names, with CO-RE where they moved; padding and other bytes with bpf_probe_read_kernel()"
            )
        },
        CauseRule(
            .typedPointerAccess,
            verifier: "R# is ptr_… invalid negative access: off=#",
            "R# is … invalid negative access: off=#"
        ) { values, _ in
            Account(
                "R\(values[0]) is read at offset \(values[2]), before the beginning of struct \(values[1])",
                cure: "read from the structure that it is part of: container_of() with bpf_probe_read_kernel()"
            )
        },
        CauseRule(.typedPointerAccess, verifier: "R# is ptr_… invalid variable offset: off=#, var_off=…") { values, _ in
            Account(
                "struct \(values[1]) is read at an offset that varies",
                cure: "read with bpf_probe_read_kernel(), or with a constant index"
            )
        },
        CauseRule(
            .typedPointerAccess,
            verifier: "field … doesn't have size",
            "Type '…' is not a struct",
            "max struct nesting depth exceeded",
            "direct access to … is disallowed"
        ) { values, _ in
            Account(
                "\(values.first ?? "a structure") can't be read through a pointer of its type",
                cure: "read it with bpf_probe_read_kernel()"
            )
        },
        CauseRule(
            .contextAccess,
            verifier: "func '…' offset # is not multiple of 8",
            "func '…' size # must be 8"
        ) { values, _ in
            Account(
                "an argument of \(values[0])() is not read as a whole: each has 8 bytes in the context",
                cure: "read arguments with BPF_PROG(), or as unsigned long long"
            )
        },
        CauseRule(
            .contextAccess,
            verifier: "func '…' arg# '…' has type …. Only pointer access is allowed",
            "func '…' arg# type … is not a struct"
        ) { values, _ in
            Account(
                "argument \((Int(values[1]) ?? 0) + 1) of \(values[0])() is no pointer or number, and can't be read",
                cure: "read it from the registers in a kprobe (PT_REGS_PARM1(), …)"
            )
        },
        CauseRule(.targetRefused, verifier: "ret type … not allowed for fmod_ret") { values, _ in
            Account(
                "a function that returns \(values[0]) can't have its return value changed",
                cure: "fmod_ret takes functions that return a number"
            )
        },
        CauseRule(
            .targetRefused,
            verifier: "The function … has # arguments. Too many.",
            "The function … return type … is unsupported.",
            "The function … with variable args is unsupported.",
            "The function … arg# type … is unsupported.",
            "The function … has malformed void argument.",
            "Attach to function … with a >8 byte return value is not supported for this attach type"
        ) { values, _ in
            Account(
                "\(values[0])() takes or returns something that programs attached by type can't be handed",
                cure: "attach to it with a kprobe"
            )
        },
        CauseRule(
            .targetRefused,
            verifier: "Attaching fexit/fmod_ret to __noreturn functions is rejected.",
            "Attaching fexit/fmod_ret to __noreturn function '…' is rejected.",
            "Attaching fexit/fsession/fmod_ret to __noreturn function '…' is rejected."
        ) { values, _ in
            Account(
                "\(values.first.map { "\($0)()" } ?? "the function") never returns, so that nothing can run after it",
                cure: "attach to its entry (fentry)"
            )
        },
        CauseRule(
            .targetRefused,
            verifier: "Cannot replace static functions",
            "Cannot replace kernel functions",
            "Cannot recursively attach",
            "Cannot extend fentry/fexit",
            "Cannot extend fentry/fexit/fsession",
            "Cannot nest tracing program attach more than once",
            "Subprog … doesn't exist",
            "…() is not a global function",
            "…() has # args while …() has # args",
            "Return type … of …() doesn't match type … of …()",
            "arg# in …() is … while …() has …",
            "arg# in …() has size # while …() has #",
            "arg# …(struct … *) doesn't match …(struct … *)"
        ) { _, _ in
            Account(
                "the function of the program that this one is to replace, or to be attached to, does not take it",
                cure: "replace a global function (no static) by one with the same arguments and result"
            )
        },
        CauseRule(.targetRefused, verifier: "attach_btf_id # is not a supported struct") { _, _ in
            Account(
                "the program implements a function of no structure that this kernel lets programs implement",
                cure: "refer to it in a variable in SEC(\".struct_ops\") or SEC(\".struct_ops.link\")"
            )
        },
        CauseRule(
            .targetNotSleepable,
            verifier: "Sleepable program cannot attach to non-faultable tracepoint …",
            "Program of this type cannot be sleepable",
            "BPF_LSM_CGROUP programs cannot be sleepable"
        ) { _, _ in
            Account(
                "this kernel runs nothing that may sleep where the program is attached",
                cure: "drop the .s of the section's name"
            )
        },
        CauseRule(.helperNeedsGPL, verifier: "Cannot access kernel 'struct …' from non-GPL compatible program") {
            values,
            _ in
            Account(
                "only programs under the GPL may read struct \(values[0]) through a pointer",
                cure: "if the source may be under the GPL, say so: char LICENSE[] SEC(\"license\") = \"GPL\";"
            )
        },
    ]
}
