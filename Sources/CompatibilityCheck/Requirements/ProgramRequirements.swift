// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import VerifierLog

/// What a program needs before its code is looked at: its type, how it is attached, what it is attached to, its licence.
struct ProgramRequirements {
    private let object: CheckedObject
    private let program: BPFProgram
    private let function: LinkedProgram
    private let kernel: CheckedKernel

    init(_ object: CheckedObject, _ index: Int, _ kernel: CheckedKernel) {
        self.object = object
        self.kernel = kernel
        function = object.programs[index]
        program = function.program
    }

    /// Most instructions of a program that root may load (`BPF_COMPLEXITY_LIMIT_INSNS` in linux/bpf.h).
    private static let mostInstructions = 1_000_000

    func check(into findings: inout Findings) {
        guard let definition = program.definition else {
            findings.fails(
                Reason(
                    .sectionUnknown,
                    "libbpf knows no section '\(program.section)': it does not say what kind of program this is",
                    cure: "name one of libbpf's sections, or set the type before loading (bpf_program__set_type)"
                )
            )
            return
        }
        if program.isOptional, program.needsKernelTypes {
            ObjectRequirements.checkTypes(kernel, "the program needs", &findings)
        }
        checkType(definition, &findings)
        checkAttachType(definition, &findings)
        let open =
            object.assumptions.targets.contains(program.name) ? OpenTarget(of: program, definition, kernel) : nil
        SleepingRequirements(definition, open?.hook ?? program.target, kernel).check(into: &findings)
        checkFragments(definition, &findings)
        if let open {
            open.check(into: &findings)
        } else {
            TargetRequirements(program, definition, kernel).check(into: &findings)
        }
        StructOpsRequirements(object, kernel).check(program, &findings)
        checkLicense(definition, &findings)
        if function.layout.instructionCount > Self.mostInstructions {
            findings.fails(
                Reason(
                    .programTooLarge,
                    "it has \(function.layout.instructionCount) instructions, and kernels take \(Self.mostInstructions)",
                    cure: "divide it, with tail calls for instance"
                )
            )
        }
    }

    private func checkType(_ definition: SectionDefinition, _ findings: inout Findings) {
        let name = definition.type.rawValue
        switch kernel.profile?.programType(definition.type.number) ?? .notKnown {
        case .present: break
        case .absent:
            if let name = KernelOption.programTypes[definition.type.number], kernel.isOff(name),
                kernel.enumeration("bpf_prog_type")?.contains(definition.type.number) == true
            {
                findings.fails(.configurationOff(name, for: "programs of type \(definition.type.rawValue)"))
                return
            }
            findings.fails(
                Reason(
                    .programTypeLacking,
                    "this kernel has no programs of type \(name)",
                    cure: "leave the program out there (bpf_program__set_autoload)"
                )
            )
        case .notKnown:
            // Types that are tried in no other way are known by their helpers.
            let isTried = kernel.profile?.facts.helpers.contains {
                $0.programType == definition.type.number && $0.obstacle == nil
            }
            guard isTried != true else { return }
            findings.cannotTell(
                Reason(.programTypeLacking, "it is not known whether this kernel has programs of type \(name)")
            )
        }
    }

    /// Types of which the kernel looks at the attach type when a program is loaded (bpf_prog_load_check_attach() in
    /// kernel/bpf/syscall.c, bpf_check_attach_target() in kernel/bpf/verifier.c).
    private static let typesWithAttachType: Set<ProgramType> = [
        .cgroupSock, .cgroupSockAddr, .cgroupSkb, .cgroupSockopt, .skLookup, .netfilter, .tracing, .lsm,
    ]

    private func checkAttachType(_ definition: SectionDefinition, _ findings: inout Findings) {
        guard let attachType = definition.attachType else { return }
        let name = AttachType.name(attachType)
        guard Self.typesWithAttachType.contains(definition.type) else {
            checkAttaching(definition, attachType, &findings)
            return
        }
        guard let known = kernel.attachTypes else {
            // All that 5.10 has, and what it refuses itself.
            if attachType > Self.newestOf510 {
                findings.cannotTell(
                    Reason(.attachTypeLacking, "it is not known whether this kernel has programs for \(name)")
                )
            }
            return
        }
        guard !known.contains(attachType) else { return }
        findings.fails(
            Reason(
                .attachTypeLacking,
                "this kernel has no programs of type \(definition.type.rawValue) for \(name)",
                cure: "leave the program out there (bpf_program__set_autoload)"
            )
        )
    }

    /// Sections whose programs can be attached in older ways too: by netlink, by setsockopt().
    private static let withOlderWays: Set<String> = ["tc/ingress", "tc/egress", "sk_reuseport", "xdp", "xdp.frags"]

    /// Of other types the kernel does not look at the attach type before a program is attached.
    private func checkAttaching(
        _ definition: SectionDefinition,
        _ attachType: UInt32,
        _ findings: inout Findings
    ) {
        guard let known = kernel.attachTypes, !known.contains(attachType),
            !Self.withOlderWays.contains(definition.name)
        else { return }
        findings.cannotAttach(
            Reason(
                .attachTypeLacking,
                "this kernel attaches no programs of type \(definition.type.rawValue) as \(AttachType.name(attachType))",
                cure: "leave the program out there (bpf_program__set_autoload), or attach it in another way"
            )
        )
    }

    /// `BPF_XDP`
    private static let newestOf510: UInt32 = 37

    /// The flag came with the helpers for packets in several buffers.
    private static let packetLengthHelper: UInt32 = 188

    private func checkFragments(_ definition: SectionDefinition, _ findings: inout Findings) {
        guard definition.takesFragments else { return }
        switch kernel.profile?.helper(Self.packetLengthHelper, programType: definition.type.number) ?? .notKnown {
        case .present: break
        case .absent:
            findings.fails(
                Reason(
                    .attachTypeLacking,
                    "this kernel knows no XDP programs that take packets in several buffers (xdp.frags)",
                    cure: "use the section without .frags there"
                )
            )
        case .notKnown:
            findings.cannotTell(
                Reason(.attachTypeLacking, "it is not known whether XDP programs take packets in several buffers here")
            )
        }
    }

    private func checkLicense(_ definition: SectionDefinition, _ findings: inout Findings) {
        guard !object.isGPLCompatible else { return }
        let license = object.contents.license.map { "'\($0)'" } ?? "none"
        switch definition.type {
        case .lsm, .structOps:
            findings.fails(
                Reason(
                    .helperNeedsGPL,
                    "programs of type \(definition.type.rawValue) must have a licence compatible with the GPL, and it has \(license)",
                    cure: "char LICENSE[] SEC(\"license\") = \"GPL\", if it is"
                )
            )
        default: break
        }
    }
}
