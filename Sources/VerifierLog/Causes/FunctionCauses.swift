// SPDX-License-Identifier: Apache-2.0

/// Tail calls, callbacks, and global functions of the program's own: `check_helper_call()` in kernel/bpf/verifier.c,
/// `check_btf_func()` there, `btf_prepare_func_args()` in kernel/bpf/btf.c.
extension CauseRule {
    static let functions: [CauseRule] = [
        CauseRule(
            .tailCall,
            verifier: "tail_call would lead to reference leak",
            "bpf_tail_call would lead to reference leak",
            "tail_call cannot be used inside …",
            "bpf_tail_call cannot be used inside …"
        ) { values, _ in
            Account(
                "a tail call while something is held that must be given back (a record, a socket, a lock)",
                cure: "give it back before bpf_tail_call(), which does not return"
            )
        },
        CauseRule(
            .tailCall,
            verifier: "tail_call is only allowed in functions that return 'int'",
            "tail_calls are not allowed in non-JITed programs with bpf-to-bpf calls",
            "tail_calls are not allowed in programs with bpf-to-bpf calls",
            "cannot tail call within exception cb"
        ) { _, _ in
            Account(
                "a tail call where functions of the program's own are called, in a way that this kernel does not take",
                cure: "make the functions __always_inline, or let the one that makes the tail call return int"
            )
        },
        CauseRule(
            .tailCall,
            verifier: "tail_calls are not allowed when call stack of previous frames is # bytes. Too large"
        ) { values, _ in
            Account(
                "a tail call from a function whose callers have \(values[0]) bytes of stack",
                cure: "make the tail call from the program itself, or use less stack: values of maps"
            )
        },
        CauseRule(
            .globalFunctionArgument,
            verifier: "Global function …() with # > # args. Buggy compiler.",
            "Global function …() doesn't return scalar. Only those are supported.",
            "Global function …() return value not void or scalar. Only those are supported."
        ) { values, _ in
            Account(
                values.count == 3
                    ? "the global function \(values[0])() has \(values[1]) arguments; at most \(values[2]) are taken"
                    : "the global function \(values[0])() does not return a number",
                cure: "make the function static, or change its prototype"
            )
        },
        // Functions that helpers call back came with 5.13: older kernels only see functions that nobody calls.
        CauseRule(
            .callbacksUnknown,
            verifier: "number of funcs in func_info doesn't match number of subprogs"
        ) { _, evidence in
            if let version = evidence.kernel.version, version >= LinuxVersion(5, 13) { return nil }
            let callers = (evidence.program.helpers ?? []).intersection(HelperVersions.callers).sorted()
            let names = callers.compactMap { HelperVersions.name($0) }.map { "\($0)()" }.joined(separator: ", ")
            return Account(
                (names.isEmpty ? "a helper" : names)
                    + " is handed a function to call back, and this kernel knows neither callbacks nor helpers that make any",
                cure: "write the loop out: for (int i = 0; i < 64; i++)",
                since: evidence.program.helpers == nil
                    ? nil : callers.compactMap { HelperVersions.since($0) }.max() ?? LinuxVersion(5, 13),
                instruction: evidence.program.firstCallback
            )
        },
        CauseRule(
            .globalFunctionArgument,
            verifier: "Arg♯# type … in …() is not supported yet.",
            "arg♯# reference type('…') size cannot be determined: #"
        ) { values, evidence in
            // "bpf: Support pointers in global func args"
            let takesStructures = !evidence.isOlder(than: LinuxVersion(5, 12))
            let name = Int(values.last ?? "") == nil ? "the global function \(values[2])()" : "a global function"
            return Account(
                "argument \((Int(values[0]) ?? 0) + 1) of \(name) has a type that this kernel can't check (\(values[1]))",
                cure: "make the function static; or let it take numbers"
                    + (takesStructures ? ", the context, or pointers to complete structures" : " or the context")
            )
        },
        CauseRule(
            .globalFunctionArgument,
            verifier: "Caller passes invalid args into func♯#",
            "Caller passes invalid args into func♯# ('…')"
        ) { values, _ in
            Account(
                "an argument does not suit the global function\(values.count == 2 ? " \(values[1])()" : "") that it is handed to",
                cure: "make the function static, or hand over what its argument's type says"
            )
        },
    ]
}
