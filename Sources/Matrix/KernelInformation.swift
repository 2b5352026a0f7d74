// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import KernelProfile
import KernelStore

/// What is known of a kernel, in words: what `bpfmatrix kernels info` says. docs/kernels.md documents its JSON form; what is
/// not known is absent.
public struct KernelInformation: Sendable, Hashable, Codable {
    /// The number after the slash changes when a reader of the old form would misread the new.
    public static let schema = "bpfmatrix.kernel/1"

    public var schema = Self.schema
    public let name: String
    public let version: String
    /// `uname -r`
    public let release: String
    public let source: String
    public let architecture: String
    /// SHA-256 of the image, as in results.
    public let digest: String
    /// nil where the kernel came without modules.
    public let modules: Modules?
    /// nil where the kernel was not surveyed yet.
    public let profile: Profile?

    public struct Profile: Sendable, Hashable, Codable {
        public let surveyed: Date
        /// Bytes on the disk.
        public let storedBytes: Int
        public let btfTypes: Int?
        public let jit: Int?
        public let unprivilegedBPFDisabled: Int?
        public let lockdown: String?
        public let securityModules: [String]?
        /// Whether BPF programs are asked at the hooks of the security modules; nil where the kernel does not say.
        public let isBPFLSMInForce: Bool?
        public let programTypes: Types
        public let mapTypes: Types
        public let helpers: [Helpers]
        public let counts: Counts
        /// `CONFIG_…` that matter for BPF; those that are not set are absent. nil where no configuration is known.
        public let switches: [String: String]?
        public let gaps: [String]
    }

    /// What the kernel's modules have for BPF and the kernel itself does not, as their files say.
    public struct Modules: Sendable, Hashable, Codable {
        public let count: Int
        /// Whether they carry the types of what they have; without, nothing in them is found by types.
        public let haveTypes: Bool
        /// Functions whose types are known.
        public let functions: Int
        public let tracepoints: Int
        public let kfuncs: Int
        public let structOps: Int
    }

    /// Names as libbpf spells them.
    public struct Types: Sendable, Hashable, Codable {
        public let present: [String]
        public let absent: [String]
        public let notProbed: [String]
    }

    /// One kind of program.
    public struct Helpers: Sendable, Hashable, Codable {
        public let programType: String
        /// What it was tried with where the kernel may decide by it; nil where it was tried without.
        public let attachType: String?
        public let isSleepable: Bool
        /// Without `bpf_`; nil where nothing could be tried, for the reason in `notProbed`.
        public let present: [String]?
        public let notProbed: String?
    }

    /// How many there are; nil where the kernel does not say.
    public struct Counts: Sendable, Hashable, Codable {
        public let functions: Int?
        public let kprobe: Int?
        public let fentry: Int?
        public let traceEvents: Int?
        public let rawTracepoints: Int?
        public let lsmHooks: Int?
        public let kfuncs: Int?
        /// Helpers that some kind of program may call.
        public let helpers: Int
    }

    public init(_ kernel: Kernel, in store: KernelStore) async throws {
        name = kernel.name
        version = kernel.version
        release = kernel.release
        source = kernel.source
        architecture = kernel.architecture.rawValue
        digest = kernel.digest
        modules = try await store.moduleIndex(of: kernel).map(Modules.init)
        guard let profile = try await store.profile(of: kernel), let kept = store.profileKept(of: kernel) else {
            self.profile = nil
            return
        }
        self.profile = Profile(profile, surveyed: kept.surveyed, storedBytes: kept.blob.size)
    }
}

extension KernelInformation {
    /// What decides which BPF programs can be loaded, attached and traced with.
    public static let switches = [
        "BPF_SYSCALL", "BPF_JIT", "BPF_JIT_ALWAYS_ON", "BPF_UNPRIV_DEFAULT_OFF", "BPF_LSM", "CGROUP_BPF", "BPF_EVENTS",
        "BPF_KPROBE_OVERRIDE", "BPF_STREAM_PARSER", "DEBUG_INFO_BTF", "DEBUG_INFO_BTF_MODULES", "KALLSYMS_ALL",
        "FUNCTION_TRACER", "DYNAMIC_FTRACE", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "FPROBE", "KPROBES", "UPROBES",
        "FTRACE_SYSCALLS", "FUNCTION_ERROR_INJECTION", "PERF_EVENTS", "NET_CLS_BPF", "NET_ACT_BPF", "NET_SCH_INGRESS",
        "XDP_SOCKETS", "LWTUNNEL_BPF", "NETFILTER_BPF_LINK", "BPF_LIRC_MODE2", "SCHED_CLASS_EXT",
        "SECURITY_LOCKDOWN_LSM",
        "IKCONFIG",
    ].map { "CONFIG_\($0)" }
}

extension KernelInformation.Profile {
    fileprivate init(_ profile: KernelProfile, surveyed: Date, storedBytes: Int) {
        let facts = profile.facts
        self.surveyed = surveyed
        self.storedBytes = storedBytes
        btfTypes = facts.typeCount
        jit = facts.jit
        unprivilegedBPFDisabled = facts.unprivilegedBPFDisabled
        lockdown = facts.lockdown
        securityModules = facts.securityModules
        isBPFLSMInForce = facts.securityModules?.contains("bpf")
        programTypes = KernelInformation.Types(facts.programTypes, name: ProgramType.name)
        mapTypes = KernelInformation.Types(facts.mapTypes, name: MapType.name)
        helpers = facts.helpers.map(KernelInformation.Helpers.init)
        counts = KernelInformation.Counts(
            functions: profile.functionCount,
            kprobe: profile.kprobeCount,
            fentry: profile.fentryCount,
            traceEvents: profile.traceEventCount,
            rawTracepoints: profile.rawTracepointCount,
            lsmHooks: profile.hookCount,
            kfuncs: profile.kfuncCount,
            helpers: Set(facts.helpers.flatMap(\.present)).count
        )
        switches = profile.configuration.map { configuration in
            let values = KernelInformation.switches.map { ($0, configuration.value(of: $0)) }
            return Dictionary(uniqueKeysWithValues: values).compactMapValues { $0 }
        }
        gaps = facts.gaps
    }
}

extension KernelInformation.Modules {
    fileprivate init(_ index: ModuleIndex) {
        count = index.modules.count
        haveTypes = index.hasTypes
        functions = index.count(of: .function)
        tracepoints = index.count(of: .tracepoint)
        kfuncs = index.count(of: .kfunc)
        structOps = index.count(of: .structOps)
    }
}

extension KernelInformation.Types {
    fileprivate init(_ answers: TypeAnswers, name: (UInt32) -> String) {
        present = answers.present.map(name)
        absent = answers.absent.map(name)
        notProbed = answers.notProbed.map(name)
    }
}

extension KernelInformation.Helpers {
    fileprivate init(_ answers: HelperAnswers) {
        programType = ProgramType.name(answers.programType)
        // Where it makes no difference the kernel is given 0, which is also the first of the list: ingress of a cgroup.
        let isMeant = answers.attachType != 0 || answers.programType == ProgramType.cgroupSkb.number
        attachType = isMeant ? AttachType.name(answers.attachType) : nil
        isSleepable = answers.isSleepable
        present = answers.obstacle == nil ? answers.present.map(HelperName.name) : nil
        let unclear = answers.notProbed.map(HelperName.name).joined(separator: " ")
        notProbed = answers.obstacle ?? (unclear.isEmpty ? nil : unclear)
    }
}
