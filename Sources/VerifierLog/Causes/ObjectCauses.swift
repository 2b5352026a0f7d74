// SPDX-License-Identifier: Apache-2.0

/// Things with a life of their own on the stack and in maps' values: dynptrs, iterators, kptrs, timers.
/// `process_dynptr_func()`, `process_iter_arg()`, `map_kptr_match_type()`, `process_timer_func()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let objects: [CauseRule] = [
        CauseRule(
            .dynptrMisuse,
            verifier: "Expected an initialized dynptr as arg ♯#",
            "Expected an initialized dynptr as R#",
            "arg # is an unacquired reference"
        ) { values, _ in
            Account(
                "a dynptr is used that was never made, was overwritten, or was given back before",
                cure:
                    "make it first (bpf_ringbuf_reserve_dynptr(), bpf_dynptr_from_mem(), …), and use it until it is given back, once"
            )
        },
        CauseRule(
            .dynptrMisuse,
            verifier: "cannot overwrite referenced dynptr",
            "Dynptr has to be an uninitialized dynptr",
            "potential write to dynptr at off=#",
            "cannot pass in dynptr at an offset=#",
            "cannot pass in dynptr at an offset",
            "… expects an initialized dynptr as …",
            "Expected a dynptr of type … as arg ♯#",
            "Expected a dynptr of type … as R#"
        ) { _, _ in
            Account(
                "a dynptr is overwritten, or used for what it is not",
                cure: "touch it by its helpers only, and give it back before its place is used again"
            )
        },
        CauseRule(
            .iteratorMisuse,
            verifier: "expected an initialized iter_… as arg ♯#",
            "expected an initialized iter_… as R#"
        ) { values, _ in
            Account(
                "an iterator is used that was not begun, or is over",
                cure: "begin with bpf_iter_\(values[0])_new(), end with bpf_iter_\(values[0])_destroy()"
            )
        },
        CauseRule(
            .iteratorMisuse,
            verifier: "expected uninitialized iter_… as arg ♯#",
            "expected uninitialized iter_… as R#"
        ) { values, _ in
            Account(
                "an iterator is begun again before it is over",
                cure: "end it with bpf_iter_\(values[0])_destroy() first, or use another variable"
            )
        },
        CauseRule(
            .kptrMisuse,
            verifier: "invalid kptr access, R# type=… expected=…",
            "kptr access size must be BPF_DW",
            "kptr access cannot have variable offset…",
            "kptr access misaligned expected=# off=#",
            "store to referenced kptr disallowed",
            "kptr in … can only be stored to using BPF_STX",
            "BPF_ST imm must be 0 when storing to kptr at off=#",
            "kptr cannot be accessed indirectly by helper",
            "off=# kptr isn't referenced kptr"
        ) { values, _ in
            Account(
                values.count == 3
                    ? "a pointer field of the map's value is given \(CauseWords.kind(values[1])), and takes \(CauseWords.kinds(values[2].replacing(" or ", with: ", ")))"
                    : "a pointer field (kptr) of the map's value is not used as a whole pointer",
                cure: "put in pointers of its own type, whole; for those that own what they point to: bpf_kptr_xchg()"
            )
        },
        CauseRule(
            .timerMisuse,
            verifier: "off # doesn't point to 'struct bpf_timer' that is at #",
            "timer pointer in R# map_uid=# doesn't match map pointer in R# map_uid=#",
            "map '…' doesn't have 'struct bpf_timer'",
            "map '…' has no valid bpf_timer",
            "map '…' is not a struct type or bpf_timer is mangled",
            "bpf_timer cannot be accessed directly by load/store",
            "bpf_timer cannot be accessed directly by helper access",
            "off # doesn't point to 'struct bpf_timer' that is at off #"
        ) { _, _ in
            Account(
                "a timer is not used as the field of its own map's value",
                cure:
                    "hand over the address of the struct bpf_timer in the value, and the map that the value is from; touch it by "
                    + "bpf_timer_…() only"
            )
        },
        CauseRule(
            .timerMisuse,
            verifier: "tracing progs cannot use bpf_timer yet",
            "tracing progs cannot use bpf_wq yet"
        ) { _, _ in
            Account(
                "this kernel lets tracing programs use no map with a timer in its values",
                cure: "keep the timer in a map that only programs of another type use"
            )
        },
    ]
}
