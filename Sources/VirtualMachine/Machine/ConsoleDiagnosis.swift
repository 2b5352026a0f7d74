// SPDX-License-Identifier: Apache-2.0

/// What the kernel's last words on its console say about how it ended.
struct ConsoleDiagnosis: Hashable {
    enum Finding: Hashable {
        case panic(String)
        /// The kernel had no memory left, and nothing to free.
        case outOfMemory(String)
        /// The agent, which is the first process, ended: by a signal, or by itself.
        case initEnded(String)
        case oops(String)
        case stall(String)
    }

    let finding: Finding?
    /// What the agent said there: it speaks on the console only where it can't go on.
    let agentsLastWords: String?

    /// How the agent's lines begin.
    private static let agentSign = "bpfmatrix-guest: "
    /// Lines of kernel/panic.c, arch/x86/kernel/dumpstack.c and arch/x86/mm/fault.c; of arch/arm64/mm/fault.c and
    /// arch/arm64/kernel/traps.c.
    private static let panicSigns = ["Kernel panic - not syncing"]
    /// Of those, mm/oom_kill.c's, and kernel/exit.c's.
    private static let memorySigns = ["System is deadlocked on memory", "Out of memory"]
    private static let initSign = "Attempted to kill init!"
    private static let oopsSigns = [
        "Oops:", "BUG: kernel NULL pointer", "BUG: unable to handle", "kernel BUG at", "general protection fault",
        "invalid opcode:", "Unable to handle kernel", "Internal error:", "stack guard page was hit",
    ]
    /// Lines of kernel/watchdog.c, kernel/rcu/tree_stall.h and kernel/hung_task.c.
    private static let stallSigns = [
        "watchdog: BUG: soft lockup", "detected stall", "detected stalls", "self-detected stall",
        "blocked for more than", "hard LOCKUP",
    ]

    init(_ console: String) {
        let lines = console.split(separator: "\n").map(String.init)
        agentsLastWords = lines.last { $0.contains(Self.agentSign) }?
            .split(separator: Self.agentSign, maxSplits: 1).last.map(String.init)
        func first(_ signs: [String]) -> String? {
            lines.first { line in signs.contains { line.contains($0) } }.map(Self.withoutTime)
        }
        // With oops=panic the oops comes first and the panic says only that there was one. A panic for another reason
        // may print an oops-like trace after it, which changes nothing.
        if let panic = first(Self.panicSigns) {
            if let oops = first(Self.oopsSigns), panic.contains("Fatal exception") || panic.contains("oops") {
                finding = .oops(oops + Self.callers(in: lines, after: oops))
            } else if Self.memorySigns.contains(where: panic.contains) {
                finding = .outOfMemory(panic)
            } else if panic.contains(Self.initSign) {
                finding = .initEnded(panic)
            } else {
                finding = .panic(panic)
            }
        } else if let oops = first(Self.oopsSigns) {
            finding = .oops(oops + Self.callers(in: lines, after: oops))
        } else if let stall = first(Self.stallSigns) {
            finding = .stall(stall)
        } else {
            finding = nil
        }
    }

    /// Functions of the kernel in which it happened, the innermost first: enough to know its fault from others.
    private static let mostCallers = 3

    /// `, in btf_is_kernel() called by map_kptr_match_type()`; empty where the console does not say. Entries with a `?` are leftovers on
    /// the stack (arch/x86/kernel/dumpstack.c).
    ///
    /// - Parameter oops: its first line; a warning before it has a trace of its own.
    private static func callers(in lines: [String], after oops: String) -> String {
        let lines = lines.drop { !$0.hasSuffix(oops) }
        let code = #/(?:RIP: 0010:|pc : )([A-Za-z_][\w.]*)\+0x/#
        guard let start = lines.firstIndex(where: { $0.contains(code) }),
            let innermost = lines[start].firstMatch(of: code)
        else { return "" }
        var names = [String(innermost.1)]
        var isTrace = false
        for line in lines[start...].dropFirst().map(withoutTime) where names.count < mostCallers {
            if line.hasPrefix("Call Trace:") || line.hasPrefix("Call trace:") { isTrace = true }
            if line.hasPrefix("</TASK>") { break }
            guard isTrace, let entry = line.wholeMatch(of: #/([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+.*/#) else {
                continue
            }
            let name = String(entry.1)
            if names.last != name { names.append(name) }
        }
        return ", in " + names.map { "\($0)()" }.joined(separator: " called by ")
    }

    /// Without `[    1.234567]` and, on newer kernels, `[    T1]`.
    private static func withoutTime(_ line: String) -> String {
        String(line.trimmingPrefix(#/(\s*\[[^\]]*\])+\s*/#))
    }
}
