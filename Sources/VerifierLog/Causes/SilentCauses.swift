// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// Refusals without a word, before the verifier looks: `bpf_prog_load()` and `bpf_prog_load_check_attach()` in
/// kernel/bpf/syscall.c. Only the program's own facts and the kernel's can tell more than the errno.
extension CauseRule {
    /// `BPF_COMPLEXITY_LIMIT_INSNS`: more than that no kernel takes.
    private static let instructionLimit = 1_000_000
    /// `MAX_USED_MAPS` in include/linux/bpf_verifier.h
    private static let mostMaps = 64

    static let silent: [CauseRule] = [
        CauseRule { evidence in
            guard case .program = evidence.refusal, evidence.isSilent else { return nil }
            switch evidence.errno {
            case invalidArgument: return invalid(evidence)
            case tooBig where (evidence.program.mapCount ?? 0) > mostMaps:
                return Cause(
                    .mapNotForProgram,
                    "the program uses \(evidence.program.mapCount ?? 0) maps, more than the \(mostMaps) that the kernel takes",
                    cure: "keep several things in one map; global variables of a section share one"
                )
            case tooBig:
                let count =
                    evidence.program.instructionCount.map { "\($0) instructions" }
                    ?? "more instructions than the kernel takes"
                if let count = evidence.program.instructionCount, count <= instructionLimit { return nil }
                return Cause(
                    .programTooLarge,
                    "the program has \(count); at most \(instructionLimit) are taken",
                    cure:
                        "split it by tail calls; what is inlined in many places can be one global function (noinline, and not static)"
                )
            case notPermitted:
                return Cause(
                    .permission,
                    "the loader may not load programs of this type",
                    cure:
                        "load with CAP_BPF, and CAP_PERFMON or CAP_NET_ADMIN as the type needs; before 5.11, raise RLIMIT_MEMLOCK"
                )
            case outOfMemory:
                return Cause(
                    .memoryLimit,
                    "the kernel does not have enough memory for this program"
                        + (evidence.kernel.memory.map { "; the guest that was asked has \($0) MiB" } ?? ""),
                    cure: "--memory, where the machines that load it have more"
                )
            default: return nil
            }
        }
    ]

    private static func invalid(_ evidence: Evidence) -> Cause? {
        let section = evidence.program.section.map { String($0.drop { $0 == "?" }) }
        if let type = evidence.program.type, let since = TypeVersions.programType(type) {
            if evidence.isOlder(than: since) {
                return Cause(
                    .programTypeLacking,
                    "this kernel has no programs of this type\(evidence.program.typeInBrackets), which came with Linux \(since)",
                    cure: "load the program only where the kernel has the type (bpf_program__set_autoload())",
                    since: since
                )
            }
            // An older kernel does not have the switch either.
            if evidence.kernel.version != nil, let off = switchOff(forProgram: type, evidence) {
                let account = CauseRule.off(
                    off,
                    "without which there are no programs of this type\(evidence.program.typeInBrackets)"
                )
                return Cause(.configurationOff, account.sentence, cure: account.cure)
            }
        }
        if let since = section.flatMap(TypeVersions.section), evidence.isOlder(than: since) {
            return Cause(
                .attachTypeLacking,
                "this kernel knows no programs for \(section ?? "it"), which came with Linux \(since)",
                cure: "load the program only where the kernel can (bpf_program__set_autoload())",
                since: since
            )
        }
        guard evidence.log.lastLines.isEmpty else { return nil }
        return Cause(
            .refusedUnseen,
            "refused before the verifier looked: this kernel does not take this type of program, its attach type, or a flag of its load"
        )
    }

    private static func switchOff(forProgram type: UInt32, _ evidence: Evidence) -> ConfigurationSwitch? {
        // enum bpf_prog_type
        let needed: ConfigurationSwitch? =
            switch type {
            case 2, 5, 7, 17, 24: .events
            case 8, 9, 15, 18, 23, 25: .cgroup
            case 10, 11, 12: .lightweightTunnels
            case 20: .lirc
            case 29: .lsm
            case 32: .netfilter
            default: nil
            }
        return needed.flatMap { evidence.kernel.configuration[$0] == false ? $0 : nil }
    }
}
