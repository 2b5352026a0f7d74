// SPDX-License-Identifier: Apache-2.0

/// What programs are attached to by type: `bpf_check_attach_target()` and `check_attach_btf_id()` in kernel/bpf/verifier.c,
/// `bpf_lsm_verify_prog()` in kernel/bpf/bpf_lsm.c; libbpf's `libbpf_find_attach_btf_id()`.
extension CauseRule {
    static let targets: [CauseRule] = [
        CauseRule(
            .targetMissing,
            libbpf: "failed to find kernel BTF type ID of '…': …",
            "failed to find kernel BTF type ID of '…'"
        ) { values, evidence in
            Account(
                "this kernel has no \(hook(evidence.program.section)) \(values[0]) to attach to",
                cure:
                    "attach to what this kernel has: SEC(\"?…\") for each candidate, and let the loader switch one on "
                    + "(bpf_program__set_autoload()); functions of that name may have been inlined or renamed"
            )
        },
        CauseRule(.targetMissing, verifier: "The address of function … cannot be found") { values, _ in
            Account(
                "this kernel's types know \(values[0])(), and its code has no function of that name to attach to",
                cure:
                    "attach to a function that calls it, or that it calls: this one was inlined, or renamed by the compiler; /proc/kallsyms "
                    + "has the names"
            )
        },
        CauseRule(.targetUnset, libbpf: "no BTF-based attach target is specified, use …") { _, _ in
            Account(
                "the object leaves what to attach to to its own loader",
                cure:
                    "the loader calls bpf_program__set_attach_target() before it loads; or name it: SEC(\"fentry/function\")"
            )
        },
        CauseRule(.targetUnset, libbpf: "attach program FD is not set") { _, _ in
            Account(
                "the object leaves the program whose function it replaces to its own loader",
                cure: "the loader calls bpf_program__set_attach_target() with that program before it loads"
            )
        },
        CauseRule(.targetNotSleepable, verifier: "… is not sleepable") { values, _ in
            Account(
                "\(values[0]) is no place where a sleepable program may run",
                cure:
                    "drop the .s of the section's name, and the helpers that sleep; or attach where this kernel lets programs sleep: "
                    + "lsm.s/bprm_committed_creds, since 5.11 most security hooks, functions only in kernels that can inject errors"
            )
        },
        CauseRule(
            .targetNotSleepable,
            verifier: "Only fentry/fexit/fmod_ret and lsm programs can be sleepable",
            "Only fentry/fexit/fmod_ret, lsm, and kprobe/uprobe programs can be sleepable",
            "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable"
        ) { _, _ in
            Account("this kernel has no sleepable programs of this type", cure: "drop the .s of the section's name")
        },
        CauseRule(.targetRefused, verifier: "attach_btf_id # points to disabled hook …") { values, _ in
            Account("the hook \(values[1]) is closed to BPF programs", cure: "attach to another hook")
        },
        CauseRule(
            .targetRefused,
            verifier: "attach_btf_id # points to wrong type name …",
            "… is not a function",
            "The type id # is not a function",
            "… must be attached to …"
        ) { values, _ in
            Account(
                "what the program names is no place to attach it to (\(values.last ?? ""))",
                cure: "name a function that the kernel has"
            )
        },
        CauseRule(.targetRefused, verifier: "attach to unsupported member … of struct …") { values, _ in
            Account(
                "\(values[0]) of struct \(values[1]) can't be a program in this kernel",
                cure: "leave that member unset, and remove its program"
            )
        },
        CauseRule(.targetRefused, verifier: "…() is not modifiable") { values, _ in
            Account(
                "\(values[0])() is no function whose return value programs may change",
                cure:
                    "fmod_ret takes security hooks (security_…), and other functions only in kernels that can inject errors"
            )
        },
        CauseRule(
            .targetRefused,
            verifier: "Attaching tracing programs to function '…' is rejected."
        ) { values, _ in
            untraceable(values[0])
        },
        // Older kernels refuse them without a word (btf_id_deny).
        CauseRule { evidence in
            guard evidence.isSilent, evidence.errno == invalidArgument,
                let function = evidence.program.section.flatMap(tracedFunction), denied.contains(function)
            else { return nil }
            let account = untraceable(function)
            return Cause(.targetRefused, account.sentence, cure: account.cure)
        },
    ]

    /// `EINVAL`
    static let invalidArgument: Int32 = 22

    /// Functions that programs themselves run under (`btf_id_deny`).
    private static let denied: Set<String> = [
        "migrate_disable", "migrate_enable", "rcu_read_unlock_strict", "preempt_count_add", "preempt_count_sub",
        "__rcu_read_lock", "__rcu_read_unlock",
    ]

    private static func untraceable(_ function: String) -> Account {
        Account(
            "\(function)() may not be traced: programs themselves run under it",
            cure: "attach to a function that calls it"
        )
    }

    /// `vfs_open` in `fentry/vfs_open`.
    private static func tracedFunction(_ section: String) -> String? {
        let parts = section.drop { $0 == "?" }.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, ["fentry", "fexit", "fmod_ret", "fentry.s", "fexit.s", "fmod_ret.s"].contains(parts[0])
        else {
            return nil
        }
        return String(parts[1])
    }

    private static func hook(_ section: String?) -> String {
        let kind = section?.drop { $0 == "?" }.prefix { $0 != "/" && $0 != "." } ?? ""
        return switch kind {
        case "lsm", "lsm_cgroup": "security hook"
        case "tp_btf": "tracepoint"
        case "iter": "iterator"
        default: "function"
        }
    }
}

extension Evidence {
    /// Neither verifier nor loader said a word.
    var isSilent: Bool { messages.isEmpty && complaints.isEmpty }
}
