// SPDX-License-Identifier: Apache-2.0

/// Functions of the kernel's own that programs call: `check_kfunc_call()` and `check_kfunc_args()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let kfuncs: [CauseRule] = [
        // Before 5.13 a call had no field for it.
        CauseRule(.kfuncUnknown, verifier: "BPF_CALL uses reserved fields") { _, evidence in
            let since = LinuxVersion(5, 13)
            guard evidence.kernel.version.map({ $0 < since }) ?? true else { return nil }
            return Account(
                "a kfunc is called, and this kernel lets programs call none",
                cure: "load the program only where the kernel has kfuncs (bpf_program__set_autoload())",
                since: since
            )
        },
        CauseRule(.kfuncUnknown, verifier: "kernel btf_id # is not a function") { values, _ in
            Account(
                "what is called is no function of this kernel (type \(values[0]) of its BTF)",
                cure: "load the object with libbpf or another loader that resolves kfuncs for the kernel that runs"
            )
        },
        CauseRule(.kfuncNotAllowed, verifier: "JIT does not support calling kernel function") { _, _ in
            Account(
                "a kfunc is called, and the kernel's JIT compiler can't call any, or is switched off",
                cure: "switch it on (net.core.bpf_jit_enable=1); not every architecture's JIT has kfuncs"
            )
        },
        CauseRule(.kfuncNotAllowed, verifier: "calling kernel function … is not allowed") { values, evidence in
            Account(
                "programs of this type\(evidence.program.typeInBrackets) may not call \(values[0])()",
                cure: "call it from a type of program that may (the kernel registers each kfunc for some)"
            )
        },
        CauseRule(
            .sleepInRegion,
            verifier: "kernel func … is sleepable within …",
            "sleepable kfunc … in …",
            "sleepable global function …() called in …"
        ) { values, _ in
            guard values[1].contains("region") else { return nil }
            return sleeps(values[0], in: values[1])
        },
        CauseRule(
            .mightSleep,
            verifier: "program must be sleepable to call sleepable kfunc …",
            "sleepable kfunc … in …",
            "kernel function … is sleepable but the program is not",
            "sleepable global function …() called in …"
        ) { values, _ in
            Account(
                "\(values[0])() may sleep, and this program may not",
                cure: "a sleepable program, where the hook has one (lsm.s, uprobe.s, iter.s, …)"
            )
        },
        CauseRule(
            .untrustedPointer,
            verifier: "R# must be referenced or trusted",
            "R# must be a rcu pointer",
            "R# must be referenced",
            "arg♯# must be referenced or trusted"
        ) { values, _ in
            Account(
                "the pointer in argument \(values[0]) is not known to stay valid: it was read out of another structure",
                cure: "hand over the program's own argument, or what an acquiring function gave; or read it within "
                    + "bpf_rcu_read_lock(), where the verifier knows that RCU guards the field (of a task real_parent, group_leader)"
            )
        },
        CauseRule(
            .kfuncArgument,
            verifier: "arg♯# pointer type … must point to …",
            "R# pointer type … must point to …",
            "arg♯# expected pointer to …",
            "R# expected pointer to …",
            "arg♯# is … expected …",
            "R# is … expected …",
            "kernel function … args♯# expected pointer to … but R# has a pointer to …",
            "kernel function … R# expected pointer to … but R# has a pointer to …"
        ) { _, evidence in
            Account(
                "an argument of \(evidence.called.map { "\($0)()" } ?? "this kfunc") is not a pointer of the type that it takes",
                cure:
                    "hand over a pointer to that kernel structure: the program's own argument, or what an acquiring function gave"
            )
        },
    ]
}
