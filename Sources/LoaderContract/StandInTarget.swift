// SPDX-License-Identifier: Apache-2.0

/// What a program is attached to where its object leaves that to its loader: something that every kernel with this kind of
/// program has.
public struct StandInTarget: Sendable, Hashable {
    /// A kind of entry in the kernel's BTF.
    public enum Kind: Sendable, Hashable {
        case function
        case typedef
    }

    /// In the kernel's BTF.
    public let name: String
    public let kind: Kind

    private init(_ name: String, _ kind: Kind = .function) {
        self.name = name
        self.kind = kind
    }

    /// As a section's name has it, and as libbpf wants it: without what the kernel puts before the names of some.
    public var plainName: String {
        for opening in ["bpf_lsm_", "bpf_iter_", "btf_trace_"] where name.starts(with: opening) {
            return String(name.dropFirst(opening.count))
        }
        return name
    }

    /// Programs that are attached in the same way.
    public enum Use: Sendable, Hashable {
        /// `fentry`, `fexit`
        case tracedFunction(isSleepable: Bool)
        /// `fmod_ret`
        case modifiedFunction
        /// `lsm`
        case securityHook
        /// `tp_btf`
        case tracepoint
        /// `iter`
        case iterator
    }

    /// Those first that hand the most to a program.
    public static func candidates(for use: Use) -> [StandInTarget] {
        switch use {
        case .tracedFunction(let isSleepable): (isSleepable ? [] : [manyArguments]) + tracedFunctions
        case .modifiedFunction: modifiedFunctions
        case .securityHook: [securityHook]
        case .tracepoint: [tracepoint]
        case .iterator: [iterator]
        }
    }

    /// The kernel's own for testing (net/bpf/test_run.c). Programs that sleep may be attached to the first from 6.0 on, and
    /// to the second where errors may be injected.
    public static let tracedFunctions = [StandInTarget("bpf_fentry_test1"), StandInTarget("bpf_modify_return_test")]
    /// With six arguments (net/bpf/test_run.c).
    private static let manyArguments = StandInTarget("bpf_fentry_test6")
    /// Whose return value may be modified: where errors may be injected, and what asks the security modules.
    public static let modifiedFunctions = [
        StandInTarget("bpf_modify_return_test"), StandInTarget("security_file_open"),
    ]
    /// One in which programs may sleep (kernel/bpf/bpf_lsm.c, `sleepable_lsm_hooks`).
    public static let securityHook = StandInTarget("bpf_lsm_file_open")
    public static let iterator = StandInTarget("bpf_iter_task")
    public static let tracepoint = StandInTarget("btf_trace_sched_switch", .typedef)
}
