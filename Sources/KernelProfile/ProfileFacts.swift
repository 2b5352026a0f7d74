// SPDX-License-Identifier: Apache-2.0

/// What a kernel is for BPF, in so far as it is not a long list of names.
public struct ProfileFacts: Sendable, Hashable, Codable {
    /// `uname -r`
    public var release: String
    /// Types in the kernel's BTF; nil where it has none.
    public var typeCount: Int?
    /// `/proc/sys/net/core/bpf_jit_enable`: 0 off, 1 on, 2 on and talkative; nil where the kernel has no JIT.
    public var jit: Int?
    /// `/proc/sys/kernel/unprivileged_bpf_disabled`: 0 may, 1 may not until a reboot, 2 may not unless root changes it.
    public var unprivilegedBPFDisabled: Int?
    /// Security modules in force, in their order; nil where the kernel does not say.
    public var securityModules: [String]?
    /// `none`, `integrity` or `confidentiality`; nil where the kernel has no lockdown.
    public var lockdown: String?
    /// The kernel said what ftrace can be attached to.
    public var tellsTraceable: Bool
    /// The kernel said where no kprobe is let in.
    public var tellsProbeBlacklist: Bool
    /// `enum bpf_prog_type`
    public var programTypes: TypeAnswers
    /// `enum bpf_map_type`
    public var mapTypes: TypeAnswers
    public var helpers: [HelperAnswers]
    public var instructions: InstructionAnswers
    /// Modules that functions belong to, as they are numbered in the table of functions from 1.
    public var modules: [String]
    /// What could not be found out, a line each.
    public var gaps: [String]
}

/// Which numbers of an enumeration a kernel has, as trying showed. A number that is in none of them is one of which nothing
/// is known.
public struct TypeAnswers: Sendable, Hashable, Codable {
    public var present: [UInt32]
    public var absent: [UInt32]
    public var notProbed: [UInt32]

    public init(present: [UInt32] = [], absent: [UInt32] = [], notProbed: [UInt32] = []) {
        self.present = present
        self.absent = absent
        self.notProbed = notProbed
    }

    func finding(_ number: UInt32) -> Finding {
        if present.contains(number) { return .present }
        return absent.contains(number) ? .absent : .notKnown
    }
}

/// Which helpers one kind of program may call, as trying showed.
public struct HelperAnswers: Sendable, Hashable, Codable {
    /// `enum bpf_prog_type`
    public var programType: UInt32
    /// `enum bpf_attach_type` that was tried with.
    public var attachType: UInt32
    /// `BPF_F_SLEEPABLE`
    public var isSleepable: Bool
    /// Why nothing could be tried; nil where it was.
    public var obstacle: String?
    /// `enum bpf_func_id`, ascending.
    public var present: [UInt32]
    public var notProbed: [UInt32]
    /// All from 1 to this one were tried; where the kernel has none above, the last that it has.
    public var last: UInt32

    public init(
        programType: UInt32,
        attachType: UInt32,
        isSleepable: Bool,
        obstacle: String? = nil,
        present: [UInt32] = [],
        notProbed: [UInt32] = [],
        last: UInt32 = 0
    ) {
        self.programType = programType
        self.attachType = attachType
        self.isSleepable = isSleepable
        self.obstacle = obstacle
        self.present = present
        self.notProbed = notProbed
        self.last = last
    }

    func finding(_ helper: UInt32) -> Finding {
        if obstacle != nil || notProbed.contains(helper) || helper == 0 { return .notKnown }
        // A number above the last is refused by every kernel that does not have it.
        return present.contains(helper) ? .present : .absent
    }
}

/// Instructions that came after 5.10.
public enum KernelInstruction: String, Sendable, Hashable, Codable, CaseIterable {
    /// Atomic operations other than an add that returns nothing.
    case atomicFetch
    case signExtendingLoad
    case signExtendingMove
    /// Signed division and remainder.
    case signedDivision
    /// A byte swap that does not ask which order the host has.
    case byteSwap
    /// An unconditional jump with 32 bits of offset.
    case longJump
    case mayGoto
    /// Atomic loads that acquire and stores that release.
    case loadAcquire
}

/// Which instructions a kernel knows, as trying showed; nothing is known of what is in neither.
public struct InstructionAnswers: Sendable, Hashable, Codable {
    public var present: [KernelInstruction]
    public var absent: [KernelInstruction]

    public init(present: [KernelInstruction] = [], absent: [KernelInstruction] = []) {
        self.present = present
        self.absent = absent
    }

    func finding(_ instruction: KernelInstruction) -> Finding {
        if present.contains(instruction) { return .present }
        return absent.contains(instruction) ? .absent : .notKnown
    }
}

/// Whether a kernel has something. What was not found out is not there neither here nor there: it is never guessed.
public enum Finding: String, Sendable, Hashable, Codable {
    case present
    case absent
    case notKnown
}
