// SPDX-License-Identifier: Apache-2.0

/// What may be computed: `adjust_ptr_min_max_vals()` and `check_alu_op()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let arithmetic: [CauseRule] = [
        CauseRule(
            .nullDereference,
            verifier: "R# pointer arithmetic on … prohibited, null-check it first",
            // Before 5.12, but of maps' values and sockets.
            "R# pointer arithmetic on … prohibited"
        ) { values, evidence in
            guard CauseWords.mayBeNull(values[1]) else { return nil }
            return Account(
                "\(evidence.value(in: values[0])) may be NULL where it is added to",
                cure: "test it before this line: if (!pointer) return 0;"
            )
        },
        CauseRule(.pointerArithmetic, verifier: "R# pointer arithmetic on … prohibited") { values, _ in
            Account(
                "a pointer to \(CauseWords.kind(values[1])) is added to, and must stay as it is",
                cure: "hand it on unchanged"
            )
        },
        CauseRule(
            .pointerArithmetic,
            verifier: "R# pointer arithmetic with … operator prohibited",
            "R# bitwise operator … on pointer prohibited"
        ) { values, _ in
            Account(
                "a pointer is computed with by \(values[1]); only + and - are allowed",
                cure: "keep numbers and pointers apart; barrier_var() keeps the compiler from mixing them"
            )
        },
        CauseRule(.pointerArithmetic, verifier: "R# pointer … pointer prohibited") { values, _ in
            values[1] == "+="
                ? Account("two pointers are added", cure: "add a number to a pointer instead")
                : Account(
                    "two pointers are computed with by \(values[1])",
                    cure: "keep numbers and pointers apart; barrier_var() keeps the compiler from mixing them"
                )
        },
        CauseRule(.pointerArithmetic, verifier: "R# 32-bit pointer arithmetic prohibited") { _, _ in
            Account(
                "a pointer is computed with in 32 bits, which would cut it",
                cure: "use 64-bit types (__u64, long) for what is added to pointers"
            )
        },
        CauseRule(.pointerArithmetic, verifier: "R# tried to subtract pointer from scalar") { _, _ in
            Account(
                "a pointer is subtracted from a number",
                cure: "subtract the number from the pointer instead; from one to the stack, add a negative constant"
            )
        },
        CauseRule(.pointerArithmetic, verifier: "R# subtraction from stack pointer prohibited") { _, _ in
            Account(
                "a number is subtracted from a pointer into the stack",
                cure: "point at the lowest byte, and add an index that was checked"
            )
        },
        // The least that a number may be which varies; of one that does not, another line tells.
        CauseRule(.unboundedOffset, verifier: "value # makes … pointer be out of bounds") { values, _ in
            guard values[0].hasPrefix("-") else { return nil }
            return Account(
                "a number that may be negative, down to \(values[0]), is added to a pointer to \(CauseWords.kind(values[1]))",
                cure: "use an unsigned index, and check it against the number of elements before this line"
            )
        },
        CauseRule(
            .pointerArithmetic,
            verifier: "math between … pointer and # is not allowed",
            "… pointer offset # is not allowed",
            "value # makes … pointer be out of bounds"
        ) { _, _ in
            Account(
                "a pointer is moved further than any memory is large",
                cure: "check the offset before it is added"
            )
        },
        CauseRule(
            .unboundedOffset,
            verifier: "math between … pointer and register with unbounded min value is not allowed"
        ) { values, _ in
            Account(
                "a number that may be anything is added to a pointer to \(CauseWords.kind(values[0]))",
                cure:
                    "bound it before this line: use an unsigned index, barrier_var(index), and if (index >= ELEMENTS) return 0;"
            )
        },
        // Only of programs that are loaded without CAP_PERFMON.
        CauseRule(
            .pointerLeak,
            verifier: "R# leaks addr into …",
            "R# leaks addr as return value",
            "R# pointer comparison prohibited",
            "R# partial copy of pointer"
        ) { values, _ in
            Account(
                "R\(values[0]) is a pointer, and a program without privilege may not let out where it points",
                cure: "store numbers only; or load with CAP_PERFMON"
            )
        },
        CauseRule(.constantOutOfRange, verifier: "div by zero") { _, _ in
            Account("a division by the constant 0", cure: "divide by a number that is not 0")
        },
        CauseRule(.constantOutOfRange, verifier: "invalid shift #") { values, _ in
            Account(
                "a shift by the constant \(values[0]), further than the number is wide",
                cure: "shift by less than the width of the type"
            )
        },
    ]
}
