// SPDX-License-Identifier: Apache-2.0

/// What a running kernel said of itself, in its own words: files as they were read, nil where it has none, and what trying
/// showed. Nobody vouches for any of it.
public struct KernelAccount: Sendable {
    /// `uname -r`
    public var release: String
    /// `/sys/kernel/btf/vmlinux`
    public var typeInformation: [UInt8]?
    /// `/proc/kallsyms`
    public var symbols: [UInt8]?
    /// `available_filter_functions`
    public var traceableFunctions: [UInt8]?
    /// `kprobes/blacklist`
    public var probeBlacklist: [UInt8]?
    /// `available_events`
    public var traceEvents: [UInt8]?
    /// `/sys/kernel/security/lsm`
    public var securityModules: [UInt8]?
    /// `/sys/kernel/security/lockdown`
    public var lockdown: [UInt8]?
    /// `/proc/config.gz`, as it is
    public var packedConfiguration: [UInt8]?
    /// `bpf_jit_enable`
    public var jitSetting: [UInt8]?
    /// `unprivileged_bpf_disabled`
    public var unprivilegedSetting: [UInt8]?
    public var programTypes = TypeAnswers()
    public var mapTypes = TypeAnswers()
    public var helpers: [HelperAnswers] = []
    public var instructions = InstructionAnswers()
    /// What could not be read, though the kernel has it; a line each.
    public var gaps: [String] = []

    public init(release: String) {
        self.release = release
    }
}
