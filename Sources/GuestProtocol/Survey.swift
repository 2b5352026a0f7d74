// SPDX-License-Identifier: Apache-2.0

/// What a guest can be asked about its kernel, one after the other: so a kernel that falls over one of them is known to have.
public enum SurveySubject: UInt8, Sendable, CaseIterable {
    // Files, handed out as the kernel has them.

    /// `/sys/kernel/btf/vmlinux`: the kernel's types, in raw BTF.
    case typeInformation = 1
    /// `/proc/kallsyms`: a line for each symbol, address, kind, name, and its module in brackets.
    case symbols = 2
    /// `available_filter_functions` in tracefs: what ftrace, and so fentry and kprobe.multi, can be attached to.
    case traceableFunctions = 3
    /// `kprobes/blacklist` in debugfs: a line for each function that no kprobe is let into.
    case probeBlacklist = 4
    /// `available_events` in tracefs: a line `category:name` for each tracepoint, those of system calls included.
    case traceEvents = 5
    /// `lsm` in securityfs: the security modules in force, with commas between them.
    case securityModules = 6
    /// `lockdown` in securityfs: the levels, with the one in force in brackets.
    case lockdown = 7
    /// `/proc/config.gz`, compressed by gzip as it is.
    case configuration = 8
    /// `/proc/sys/net/core/bpf_jit_enable`
    case jitSetting = 9
    /// `/proc/sys/kernel/unprivileged_bpf_disabled`
    case unprivilegedSetting = 10

    // What only trying shows.

    /// `enum bpf_prog_type`, by `libbpf_probe_bpf_prog_type`.
    case programTypes = 32
    /// `enum bpf_map_type`, by `libbpf_probe_bpf_map_type`.
    case mapTypes = 33
    /// Helpers for each program type: one program for each pair, which calls the helper and nothing else.
    case helpers = 34
    /// `InstructionForm`, told as types are: one program with each.
    case instructions = 35
}

/// A piece of a file of the guest's kernel; they come in order and without a gap.
public struct SurveyPart: Sendable, Hashable {
    /// Most bytes in one piece: so that a host that hears nothing for long knows that something is wrong.
    public static let longest = 1 << 20

    public var subject: SurveySubject
    public var bytes: [UInt8]

    public init(subject: SurveySubject, bytes: [UInt8]) {
        self.subject = subject
        self.bytes = bytes
    }
}

/// Which program or map types a kernel has.
public struct TypeReport: Sendable, Hashable {
    /// `programTypes`, `mapTypes` or `instructions`.
    public var subject: SurveySubject
    /// Their numbers in linux/bpf.h, or those of `InstructionForm`, ascending.
    public var present: [UInt32]
    public var absent: [UInt32]
    /// Those that libbpf knows and can't try: nothing is said of them, nor of any that is in none of the three.
    public var notProbed: [UInt32]

    public init(subject: SurveySubject, present: [UInt32], absent: [UInt32], notProbed: [UInt32]) {
        self.subject = subject
        self.present = present
        self.absent = absent
        self.notProbed = notProbed
    }
}

/// Which helpers a kind of program may call.
public struct HelperReport: Sendable, Hashable {
    /// `enum bpf_prog_type`
    public var programType: UInt32
    /// `enum bpf_attach_type` that the programs were loaded with: the kernel lets some helpers depend on it.
    public var attachType: UInt32
    /// Loaded with `BPF_F_SLEEPABLE`.
    public var isSleepable: Bool
    /// Why none could be tried; empty where they were.
    public var obstacle: String
    /// Helpers by their number in `enum bpf_func_id` that the verifier lets such a program call, ascending.
    public var present: [UInt32]
    /// Those of whom the kernel's answer says nothing.
    public var notProbed: [UInt32]
    /// The last number that the kernel knows, or that was tried: all from 1 on that are in neither list are refused.
    public var last: UInt32

    public init(
        programType: UInt32,
        attachType: UInt32,
        isSleepable: Bool,
        obstacle: String,
        present: [UInt32],
        notProbed: [UInt32],
        last: UInt32
    ) {
        self.programType = programType
        self.attachType = attachType
        self.isSleepable = isSleepable
        self.obstacle = obstacle
        self.present = present
        self.notProbed = notProbed
        self.last = last
    }
}

/// The last message about a subject.
public struct SurveyEnd: Sendable, Hashable {
    public var subject: SurveySubject
    /// Positive errno where the file can't be read: ENOENT says that this kernel has none. 0 where all was said.
    public var errno: Int32
    /// There was more than the agent hands out, and the rest is missing.
    public var isCut: Bool

    public init(subject: SurveySubject, errno: Int32 = 0, isCut: Bool = false) {
        self.subject = subject
        self.errno = errno
        self.isCut = isCut
    }
}
