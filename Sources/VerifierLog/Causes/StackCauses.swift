// SPDX-License-Identifier: Apache-2.0

/// The stack and the registers: `check_stack_access_within_bounds()`, `check_stack_read()`, `check_max_stack_depth()`,
/// `check_reg_arg()` in kernel/bpf/verifier.c.
extension CauseRule {
    /// `MAX_BPF_STACK`
    private static let stackSize = 512

    static let stack: [CauseRule] = [
        CauseRule(
            .stackTooLarge,
            verifier: "combined stack size of # calls is #. Too large",
            "stack size of subprog # is #. Too large"
        ) { values, _ in
            Account(
                values.count == 2 && values[0] != "0"
                    ? "functions that call each other need \(values[1]) bytes of stack in all; there are \(stackSize)"
                    : "a function needs \(values[1]) bytes of stack; there are \(stackSize)",
                cure: "keep large buffers in the value of a per-CPU array, which is looked up first"
            )
        },
        CauseRule(
            .stackUninitialised,
            verifier: "invalid indirect read from stack R# off …+# size #",
            "invalid indirect read from stack off …+# size #",
            "invalid indirect read from stack R# var_off …+# size #"
        ) { values, evidence in
            let (offset, size) = (values[values.count - 2], values.last ?? "")
            let variable = evidence.handedVariable ?? "variable"
            let call = evidence.called.map { "\($0)()" } ?? "a helper"
            return Account(
                "\(CauseWords.bytes(size)) of the stack are handed to \(call), and byte \(offset) of them was never written",
                cure: "fill the whole variable before its members are set, with the padding between and behind them: "
                    + "__builtin_memset(&\(variable), 0, sizeof(\(variable)))",
                since: evidence.sinceStackMayBeRead
            )
        },
        CauseRule(
            .stackUninitialised,
            verifier: "invalid read from stack R# off=# size=#",
            "invalid read from stack off …+# size #"
        ) { values, evidence in
            if values.count == 3, let offset = Int(values[1]), let size = Int(values[2]), !lies(offset, size) {
                return nil
            }
            return Account(
                "the stack is read where nothing was written",
                cure: "give the variable a value when it is declared",
                since: evidence.sinceStackMayBeRead
            )
        },
        CauseRule(
            .stackBounds,
            verifier: "invalid write to stack R# off=# size=#",
            "invalid read from stack R# off=# size=#",
            "invalid indirect access to stack R# off=# size=#",
            "invalid stack type R# off=# access_size=#",
            "invalid zero-size access to stack R# off=# size=#"
        ) { values, _ in
            Account(
                "\(values[2]) bytes at offset \(values[1]) from the frame pointer do not lie in the \(stackSize) bytes of stack below it",
                cure: "make the buffer as large as what is put in it; large ones belong in the value of a per-CPU array"
            )
        },
        CauseRule(
            .stackBounds,
            verifier: "invalid variable-offset write to stack R# …",
            "invalid variable-offset read from stack R# …",
            "invalid variable-offset indirect access to stack R# …",
            "R# variable stack access prohibited for !root, var_off=…",
            "R# unbounded indirect variable offset stack access",
            "invalid unbounded variable-offset write to stack R#",
            "invalid unbounded variable-offset read from stack R#",
            "invalid unbounded variable-offset indirect access to stack R#"
        ) { values, _ in
            Account(
                "the offset in R\(values[0]) is not known to stay within the stack",
                cure:
                    "use an unsigned index, and check it against the number of elements before this line: if (index >= ELEMENTS) return 0;"
            )
        },
        CauseRule(.registerUninitialised, verifier: "R# !read_ok") { values, evidence in
            if values[0] == "0" && evidence.log.failure?.text == "exit" {
                return Account("the program ends without a return value", cure: "return a value on every path")
            }
            return Account(
                "R\(values[0]) has no value here: nothing was put in it, or a call has used it up (R1 to R5)",
                cure: "give the variable a value on every path that leads here"
            )
        },
        CauseRule(.framePointerWrite, verifier: "frame pointer is read only") { _, _ in
            Account("R10, the frame pointer, is written to", cure: "use another register")
        },
    ]

    private static func lies(_ offset: Int, _ size: Int) -> Bool {
        offset >= -stackSize && offset < 0 && size <= -offset
    }
}

extension Evidence {
    /// The variable whose address the line of C hands over, where it is only one: `record` in `f(seq, &record, sizeof(record))`.
    fileprivate var handedVariable: String? {
        let names = Set((log.failure?.source?.text ?? "").matches(of: #/&(\w+)[,)]/#).map { String($0.1) })
        return names.count == 1 ? names.first : nil
    }

    /// 6.3 began to let programs with CAP_PERFMON read stack that was not written ("bpf: Allow reads from uninit stack"), 6.8 lets
    /// them everywhere ("bpf: Fix accesses to uninit stack slots"); both went into older lines' later releases. No kernel lets
    /// programs without.
    fileprivate var sinceStackMayBeRead: LinuxVersion? {
        program.isPrivileged == true ? LinuxVersion(6, 8) : nil
    }
}
