// SPDX-License-Identifier: Apache-2.0

/// Messages of the verifier that few programs meet. They are asked last: none of them stands in the way of a rule that knows more.
extension CauseRule {
    static let seldom: [CauseRule] = seldomMemory + seldomCalls + seldomKfuncs + seldomKernels

    private static let seldomMemory: [CauseRule] = [
        CauseRule(
            .pointerLeak,
            verifier: "attempt to corrupt spilled pointer on stack",
            "leaking pointer from stack off #",
            "invalid size of register spill",
            "invalid size of register fill"
        ) { _, _ in
            Account(
                "a pointer that was kept on the stack is written or read in parts",
                cure: "read and write it whole, with 8 bytes"
            )
        },
        CauseRule(.stackBounds, verifier: "cannot spill pointers to stack into stack frame of the caller") { _, _ in
            Account(
                "a pointer is written to the stack of the calling function",
                cure: "return it, or keep it in a map"
            )
        },
        CauseRule(
            .readOnlyMemory,
            verifier: "write into map forbidden",
            "write to change key R# not allowed"
        ) { _, _ in
            Account(
                "what is written may only be read: a map's key, or a map that programs may not change",
                cure: "write to a map without BPF_F_RDONLY_PROG, or to a copy"
            )
        },
        CauseRule(.mapValueBounds, verifier: "read from map forbidden, value_size=# off=# size=#") { _, _ in
            Account(
                "programs may only write to this map (BPF_F_WRONLY_PROG)",
                cure: "leave BPF_F_WRONLY_PROG out of map_flags"
            )
        },
        CauseRule(
            .typedPointerAccess,
            verifier: "map_ptr access not supported for map type #",
            "map_ptr access not supported without CONFIG_DEBUG_INFO_BTF",
            "only read from … is supported"
        ) { _, _ in
            Account(
                "the map itself, not a value of it, is read or written as a structure in a way that this kernel does not allow",
                cure: "look an element up first: bpf_map_lookup_elem()"
            )
        },
        CauseRule(.atomicNotAllowed, verifier: "invalid atomic operand size") { _, _ in
            Account("an atomic operation on 1 or 2 bytes", cure: "use a variable of 4 or 8 bytes")
        },
        CauseRule(
            .kptrMisuse,
            verifier: "map '…' has to have BTF in order to use bpf_kptr_xchg",
            "R# has no valid kptr",
            "R# doesn't have constant offset. kptr has to be at the constant offset",
            "off=# doesn't point to kptr"
        ) { _, _ in
            Account(
                "bpf_kptr_xchg() is not given the address of a pointer field (kptr) of a map's value",
                cure:
                    "declare the field with __kptr in a type that __type(value, …) names, and hand over its own address"
            )
        },
    ]

    private static let seldomCalls: [CauseRule] = [
        CauseRule(
            .tailCall,
            verifier: "mixing of tail_calls and bpf-to-bpf calls is not supported",
            "tail_call is not allowed in subprogs without BTF",
            "tail_call is only allowed in functions that return 'int'",
            "tail_call is only allowed in functions that return 'int'.",
            "cannot tail call within callback",
            "tail_calls are not allowed in programs with stack args",
            "program with __ref argument cannot tail call"
        ) { _, _ in
            Account(
                "a tail call stands where this kernel allows none: in a function without types or that does not return int, in a "
                    + "callback, or next to calls of functions",
                cure:
                    "call bpf_tail_call() from the program itself; functions with one must return int, be compiled with -g, and need "
                    + "Linux 5.10 and a JIT that allows it"
            )
        },
        CauseRule(
            .callUnderLock,
            verifier: "Locking two bpf_spin_locks are not allowed",
            "Acquiring the same lock again, AA deadlock detected",
            "…_unlock cannot be out of order"
        ) { _, _ in
            Account(
                "a spin lock is taken while another one is held, or they are let go in another order",
                cure: "take one at a time: call bpf_spin_unlock() first"
            )
        },
        CauseRule(.lockNotHeld, verifier: "held lock and object are not in the same allocation") { _, _ in
            Account(
                "the lock that is held is not the one that guards this list or tree",
                cure: "take the lock of the same map's value, or of the same object"
            )
        },
        CauseRule(
            .helperNotForProgramType,
            verifier: "func …♯# supported only for fentry/fexit/fsession/fmod_ret programs",
            "func …♯# supported only for fentry/fexit/fmod_ret programs",
            "func …♯# not supported for program type #"
        ) { values, evidence in
            Account(
                "programs of this type\(evidence.program.typeInBrackets) may not call \(values[0])() in this kernel",
                cure: "use another type of program, such as fentry, or do without it"
            )
        },
        CauseRule(
            .helperArgumentConstant,
            verifier: "Invalid format string",
            "R# does not point to a readonly map'",
            "R# is not a constant address'",
            "direct value access on string failed",
            "string is not zero-terminated",
            "R# doesn't point to a const string"
        ) { _, _ in
            Account(
                "a string that must be constant is not one: it lies in memory that may change, has no end, or its format is not known",
                cure: "static const char text[] = \"…\"; with conversions that bpf_trace_printk() knows"
            )
        },
        CauseRule(.helperNotForMapType, verifier: "callback function not allowed for map") { _, _ in
            Account(
                "elements of this map can't be gone through with a callback",
                cure: "bpf_for_each_map_elem() takes arrays and hashes"
            )
        },
        CauseRule(
            .instructionUnknown,
            verifier: "LD_ABS is only allowed in functions that return 'int'",
            "LD_ABS is only allowed in functions that return 'int'.",
            "cannot use BPF_LD_[ABS|IND] within callback"
        ) { _, _ in
            Account(
                "load_byte() and its kind stand where they may not: in a callback, or in a function that does not return int",
                cure: "read the packet with bpf_skb_load_bytes()"
            )
        },
        CauseRule(
            .globalFunctionArgument,
            verifier: "Global functions need valid BTF",
            "Program extension requires BTF"
        ) { _, _ in
            Account(
                "a global function, or one that replaces a function, has no types",
                cure: "compile with -g"
            )
        },
        CauseRule(
            .targetRefused,
            verifier: "Extension programs should be JITed",
            "Can attach to only JITed progs",
            "Only FENTRY/FEXIT/FSESSION progs are attachable to another BPF prog",
            "Only fentry/fexit programs are attachable to another BPF program",
            "Extension program changes packet data, while original does not",
            "Extension program may sleep, while original does not",
            "can't modify return codes of BPF programs",
            "Target program bound device mismatch"
        ) { _, evidence in
            Account(
                "the program can't be attached to that other program: \(evidence.messages.last ?? "")",
                cure: "attach to a program that is like it, with the kernel's JIT compiler switched on"
            )
        },
    ]

    private static let seldomKfuncs: [CauseRule] = [
        CauseRule(
            .iteratorMisuse,
            verifier: "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs",
            "… expected pointer to an iterator on stack",
            "expected valid iter pointer as …"
        ) { _, _ in
            Account(
                "an iterator is not where it must be: a variable on the stack of a program that may use it",
                cure: "struct bpf_iter_… it; on the stack, handed over as &it"
            )
        },
        CauseRule(
            .kfuncArgument,
            verifier: "… doesn't point to a map value",
            "… expected pointer to map value or allocated object",
            "… doesn't point to map value or allocated object",
            "… expected pointer to allocated object",
            "allocated object must be referenced",
            "… expected pointer to func",
            "… expected for bpf_obj_drop()",
            "… expected for bpf_percpu_obj_drop()",
            "… is neither owning or non-owning ref",
            "… doesn't point to a type with bpf_refcount field",
            "pointer in … isn't map pointer",
            "… doesn't point to an irq flag on stack",
            "… memory, len pair leads to invalid memory access",
            "… is not a pointer to arena or scalar.",
            "… is not a pointer to arena or scalar"
        ) { _, evidence in
            Account(
                "an argument of a kfunc is not what it takes: \(evidence.messages.last ?? "")",
                cure: "hand over what the kernel's declaration of the kfunc asks for"
            )
        },
        CauseRule(
            .instructionUnknown,
            verifier: "addr_space_cast insn can only be used in a program that has an associated arena",
            "… arena pointer requires a program with an associated arena",
            "JIT doesn't support arena"
        ) { _, _ in
            Account(
                "an arena's pointer is used in a program that uses no arena, or on a machine whose JIT compiler has none",
                cure: "let the program name the arena: (void)&arena;"
            )
        },
    ]

    private static let seldomKernels: [CauseRule] = [
        CauseRule(.timerMisuse, verifier: "bpf_timer cannot be used for PREEMPT_RT.") { _, _ in
            Account(
                "a real-time kernel (PREEMPT_RT) has no timers for programs",
                cure: "do without the timer there"
            )
        },
        CauseRule(
            .kfuncNotAllowed,
            verifier: "JIT is required for calling kernel function",
            "JIT does not support calling kfunc …♯#",
            "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF"
        ) { _, _ in
            Account(
                "a kfunc is called, and this kernel can't call any: its JIT compiler is off or has none, or it has no types",
                cure: "switch the JIT compiler on (net.core.bpf_jit_enable=1), in a kernel with CONFIG_DEBUG_INFO_BTF=y"
            )
        },
        CauseRule(.callDepth, verifier: "JIT doesn't support bpf-to-bpf calls") { _, _ in
            Account(
                "this machine's JIT compiler has no calls between functions of a program",
                cure: "let the compiler inline them: static __always_inline"
            )
        },
        CauseRule(
            .permission,
            verifier: "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN"
        ) { _, _ in
            Account(
                "only a privileged loader may load programs with functions of their own",
                cure: "load with CAP_BPF, or let the compiler inline them: static __always_inline"
            )
        },
    ]
}
