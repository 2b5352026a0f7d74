// SPDX-License-Identifier: Apache-2.0

/// What was taken must be given back, once: references, locks, read sections. `check_reference_leak()`,
/// `process_spin_lock()`, `check_resource_leak()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let references: [CauseRule] = [
        CauseRule(
            .lockHeld,
            verifier: "bpf_spin_unlock is missing",
            "… cannot be used inside bpf_spin_lock-ed region"
        ) { _, _ in
            Account(
                "the program ends, or goes elsewhere, with a spin lock held",
                cure: "call bpf_spin_unlock() on every path"
            )
        },
        CauseRule(
            .callUnderLock,
            verifier: "function calls are not allowed while holding a lock",
            "global function calls are not allowed while holding a lock,"
        ) { _, evidence in
            if evidence.called == "bpf_spin_lock" {
                return Account(
                    "a spin lock is taken while another one is held",
                    cure: "take one at a time: call bpf_spin_unlock() first"
                )
            }
            return Account(
                "a function is called while a spin lock is held",
                cure: "call it before bpf_spin_lock(), keep its result, and only compute between lock and unlock"
            )
        },
        CauseRule(
            .lockNotHeld,
            verifier: "bpf_spin_unlock without taking a lock",
            "bpf_spin_unlock of different lock"
        ) { _, _ in
            Account(
                "a spin lock is let go that is not held here",
                cure: "take and let go of the same lock on every path"
            )
        },
        CauseRule(
            .lockNotAllowed,
            verifier: "tracing progs cannot use bpf_spin_lock yet",
            "socket filter progs cannot use bpf_spin_lock yet",
            "sleepable progs cannot use bpf_spin_lock yet",
            "tracing progs cannot use bpf_{list_head,rb_root} yet"
        ) { _, _ in
            Account(
                "this type of program may not use maps with spin locks in their values",
                cure: "take the lock out of the map's value, and add with __sync_fetch_and_add(); or use a per-CPU map"
            )
        },
        CauseRule(
            .lockNotAllowed,
            verifier: "map '…' doesn't have 'struct bpf_spin_lock'",
            "map '…' has no valid bpf_spin_lock",
            "map '…' has to have BTF in order to use bpf_spin_lock",
            "off # doesn't point to 'struct bpf_spin_lock' that is at #",
            "map '…' has more than one 'struct bpf_spin_lock'"
        ) { values, _ in
            Account(
                "what is taken for a spin lock is none\(Int(values[0]) == nil ? ": the values of map '\(values[0])' have no such field there" : "")",
                cure: "give the map's value, by __type(value, …), a field struct bpf_spin_lock, and lock that one"
            )
        },
        CauseRule(
            .lockNotAllowed,
            verifier: "bpf_spin_lock cannot be accessed directly by load/store"
        ) { _, _ in
            Account(
                "the inside of a spin lock is read or written",
                cure: "touch it by bpf_spin_lock() and bpf_spin_unlock() only"
            )
        },
        CauseRule(
            .rcuUnbalanced,
            verifier: "bpf_rcu_read_unlock is missing",
            "… cannot be used inside bpf_rcu_read_lock-ed region"
        ) { _, _ in
            Account("the program ends inside bpf_rcu_read_lock()", cure: "call bpf_rcu_read_unlock() on every path")
        },
        CauseRule(
            .rcuUnbalanced,
            verifier: "expected an RCU CS when using …",
            "kernel func … requires RCU critical section protection"
        ) { values, _ in
            Account(
                "\(values[0]) is used outside of a section that RCU guards",
                cure: "put it between bpf_rcu_read_lock() and bpf_rcu_read_unlock()"
            )
        },
        CauseRule(
            .rcuUnbalanced,
            verifier: "unmatched rcu read unlock (kernel function …)",
            "nested rcu read lock (kernel function …)"
        ) { values, _ in
            Account("\(values[0])() has no partner here", cure: "lock and unlock in pairs, on every path")
        },
        CauseRule(
            .preemptionUnbalanced,
            verifier: "… cannot be used inside bpf_preempt_disable-ed region",
            "… cannot be used inside bpf_local_irq_save-ed region",
            "# bpf_preempt_enable is missing",
            "# bpf_preempt_enable is missing…",
            "unmatched attempt to enable preemption (kernel function …)",
            "nested IRQ flag … (kernel function …)"
        ) { values, _ in
            values[0].hasPrefix("bpf_")
                ? Account(
                    "\(values[0])() has no partner here",
                    cure: "call bpf_preempt_disable() before it, in pairs, on every path"
                )
                : Account(
                    "the program ends, or goes elsewhere, with preemption or interrupts switched off",
                    cure: "call bpf_preempt_enable(), or bpf_local_irq_restore(), on every path"
                )
        },
        CauseRule(
            .referenceReleased,
            verifier: "func …♯# reference has not been acquired before",
            "kfunc …♯# reference has not been acquired before",
            "… reference has not been acquired before",
            "reference has not been acquired before",
            "R# must be referenced when passed to release function",
            "release helper … expects referenced PTR_TO_BTF_ID passed to R#",
            "release kernel function … expects …"
        ) { values, _ in
            Account(
                "something is given back that this program has not taken, or has given back before",
                cure: "give back only what an acquiring function gave (…_lookup, …_acquire, …_reserve), once"
            )
        },
        // The leak itself is told before what ended the program; a tail call is told by its own rule.
        CauseRule(
            .referenceLeak,
            verifier: "Unreleased reference id=# alloc_insn=#",
            "Leaking reference id=# alloc_insn=#. Release it first."
        ) { values, evidence in
            let taker = evidence.log.acquisition?.text.flatMap { FormerValue.namedCall(in: $0) }
            return Account(
                "what \(taker.map { "\($0)()" } ?? "instruction \(values[1])") took is not given back on every path",
                cure: taker.flatMap(release).map { "call \($0)() before each return at which it is not NULL" }
                    ?? "give it back before each return at which it is not NULL"
            )
        },
    ]

    /// What gives back what a function took.
    private static func release(of taker: String) -> String? {
        switch taker {
        case "bpf_ringbuf_reserve": "bpf_ringbuf_submit() or bpf_ringbuf_discard"
        case "bpf_ringbuf_reserve_dynptr": "bpf_ringbuf_submit_dynptr() or bpf_ringbuf_discard_dynptr"
        case "bpf_sk_lookup_tcp", "bpf_sk_lookup_udp", "bpf_skc_lookup_tcp": "bpf_sk_release"
        case let iterator where iterator.hasPrefix("bpf_iter_") && iterator.hasSuffix("_new"):
            "\(iterator.dropLast("new".count))destroy"
        case "bpf_task_from_pid": "bpf_task_release"
        case let acquire where acquire.hasSuffix("_acquire"): "\(acquire.dropLast("acquire".count))release"
        default: nil
        }
    }
}
