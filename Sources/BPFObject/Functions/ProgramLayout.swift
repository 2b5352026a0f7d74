// SPDX-License-Identifier: Apache-2.0

/// In what order libbpf puts a program and the functions that it reaches before it gives them to the kernel: an
/// instruction's number in a verifier log counts in this order.
///
/// libbpf's `bpf_object__reloc_code`: the program comes first; at each call, or address of a function, of one that is
/// not there yet, that function is appended and gone through at once, before the caller is gone on with.
public struct ProgramLayout: Sendable, Hashable {
    /// A function within the program.
    public struct Part: Sendable, Hashable {
        /// Index in the object's `functions`.
        public let function: Int
        /// The number of its first instruction in the program.
        public let start: Int
    }

    /// In the order of their instructions; the first is the program itself.
    public let parts: [Part]
    /// How many instructions the kernel gets.
    public let instructionCount: Int

    /// More than any kernel takes (`BPF_MAX_SUBPROGS` is 256): a program that reaches more is not laid out.
    public static let functionLimit = 1024

    /// The part that has an instruction; nil beyond the end.
    public func part(at instruction: Int) -> Part? {
        guard instruction >= 0, instruction < instructionCount else { return nil }
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].start <= instruction { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? parts[low - 1] : nil
    }
}

extension FunctionTable {
    /// The layout of the program that function `main` is.
    ///
    /// - Parameter exceptionCallback: The function that the program names for exceptions: libbpf appends it last where
    ///   nothing else reaches it (`bpf_prog_assign_exc_cb`).
    func layout(of main: Int, exceptionCallback: Int? = nil) throws(BPFObjectError) -> ProgramLayout {
        var parts: [ProgramLayout.Part] = []
        var count = 0
        var known: Set<Int> = []
        /// Those that are being gone through, innermost last, and where each is gone on with.
        var open: [(function: Int, callees: [Int], next: Int)] = []

        func append(_ function: Int) throws(BPFObjectError) {
            guard parts.count < ProgramLayout.functionLimit else {
                throw .tooManyFunctions(program: functions[main].name)
            }
            known.insert(function)
            parts.append(ProgramLayout.Part(function: function, start: count))
            count += functions[function].instructions.count
            open.append((function, functions[function].callees, 0))
        }

        func finish() throws(BPFObjectError) {
            while let last = open.last {
                guard last.next < last.callees.count else {
                    open.removeLast()
                    continue
                }
                open[open.count - 1].next += 1
                let callee = last.callees[last.next]
                if !known.contains(callee) { try append(callee) }
            }
        }

        try append(main)
        try finish()
        if let exceptionCallback, !known.contains(exceptionCallback) {
            try append(exceptionCallback)
            try finish()
        }
        return ProgramLayout(parts: parts, instructionCount: count)
    }
}
