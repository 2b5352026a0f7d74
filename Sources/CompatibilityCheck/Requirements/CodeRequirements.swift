// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// What a program's code needs: instructions, helpers, kfuncs, what CO-RE has found, as far as the verifier comes to it.
struct CodeRequirements {
    private let object: CheckedObject
    let kernel: CheckedKernel
    let program: LinkedProgram
    private let type: ProgramType?
    private let attachType: UInt32?
    private let isSleepable: Bool
    let relocated: RelocatedProgram

    init(_ object: CheckedObject, _ index: Int, _ kernel: CheckedKernel, _ relocations: RelocatedFunctions) {
        self.object = object
        self.kernel = kernel
        program = object.programs[index]
        type = program.program.type
        attachType = program.program.definition?.attachType
        isSleepable = program.program.definition?.isSleepable == true
        relocated = RelocatedProgram(object, index, kernel, relocations)
    }

    /// What is refused at an instruction, if the verifier comes to it.
    struct Obstacle {
        let instruction: Int
        let code: CauseCode
        /// With the helper or whatever it is named.
        let sentence: String
        var cure: String?
        /// The member of a structure that it has to do with.
        var member: String?
        /// Whether that is so, and not only possible.
        var isKnown = true
    }

    func check(into findings: inout Findings) {
        checkInstructions(&findings)
        checkCallbacks(&findings)
        let obstacles =
            relocationObstacles + helperObstacles + kfuncObstacles(&findings) + instructionObstacles
            + malformations(&findings)
        guard !obstacles.isEmpty || mayReadOnlyWithGPL else { return }
        // Most programs have none, and this is what takes time.
        let reach = Reachability(of: relocated.code)
        checkReading(reach, &findings)
        for obstacle in obstacles.sorted(by: { $0.instruction < $1.instruction }) {
            guard reach.reached[obstacle.instruction] else { continue }
            let place = program.source(atInstruction: obstacle.instruction, naming: obstacle.member ?? "")
            if obstacle.isKnown && reach.certain[obstacle.instruction] {
                findings.fails(Reason(obstacle.code, obstacle.sentence, at: place, cure: obstacle.cure))
            } else if obstacle.isKnown {
                findings.cannotTell(
                    Reason(
                        obstacle.code,
                        "\(obstacle.sentence): it is not known whether the verifier comes there",
                        at: place,
                        cure: obstacle.cure
                    )
                )
            } else {
                findings.cannotTell(Reason(obstacle.code, obstacle.sentence, at: place, cure: obstacle.cure))
            }
        }
    }

    // MARK: Licence

    /// Since 6.2 or later, programs without a licence compatible with the GPL may not read through pointers of the kernel
    /// (check_ptr_to_btf_access() in kernel/bpf/verifier.c). The helper came with 6.2.
    private var mayReadOnlyWithGPL: Bool {
        type == .tracing && !object.isGPLCompatible && (kernel.profile == nil || kernel.hasHelper(210))
    }

    private func checkReading(_ reach: Reachability, _ findings: inout Findings) {
        guard mayReadOnlyWithGPL else { return }
        let place = reach.readsThroughPointers.indices.first { reach.reached[$0] && reach.readsThroughPointers[$0] }
        guard let place else { return }
        findings.cannotTell(
            Reason(
                .helperNeedsGPL,
                "it is not known whether this kernel lets programs without a licence compatible with the GPL read this",
                at: program.source(atInstruction: place),
                cure: "char LICENSE[] SEC(\"license\") = \"GPL\", if it is"
            )
        )
    }

    // MARK: CO-RE

    private var relocationObstacles: [Obstacle] {
        relocated.poisoned.map { instruction, reason in
            Obstacle(
                instruction: instruction,
                code: reason.code,
                sentence: reason.sentence,
                cure: reason.cure,
                member: relocated.members[instruction]
            )
        }
            + relocated.undecided.map { instruction, what in
                Obstacle(
                    instruction: instruction,
                    code: .relocationWithoutMatch,
                    sentence: what,
                    isKnown: false
                )
            }
    }

    // MARK: Helpers

    private var helperObstacles: [Obstacle] {
        guard let type else { return [] }
        return program.helperCalls.flatMap { call -> [Obstacle] in
            // CO-RE has put something else there.
            guard relocated.poisoned[call.instruction] == nil else { return [] }
            let name = "bpf_\(HelperName.name(call.thing))"
            var obstacles: [Obstacle] = []
            switch finding(of: call.thing, for: type) {
            case .present: break
            case .absent where KernelOption.helpers[call.thing].map(kernel.isOff) == true:
                let option = KernelOption.helpers[call.thing] ?? ""
                obstacles.append(
                    Obstacle(
                        instruction: call.instruction,
                        code: .configurationOff,
                        sentence: "\(option) is off in this kernel, which \(name) needs",
                        cure: "a kernel with \(option)=y"
                    )
                )
            case .absent where !kernel.hasHelper(call.thing):
                obstacles.append(
                    Obstacle(
                        instruction: call.instruction,
                        code: .helperUnknown,
                        sentence: "this kernel has no helper \(name)",
                        cure: HelperName.isKnown(call.thing)
                            ? "ask whether it is there before: "
                                + "bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_\(HelperName.name(call.thing)))"
                            : nil
                    )
                )
            case .absent:
                obstacles.append(
                    Obstacle(
                        instruction: call.instruction,
                        code: !isSleepable && Self.sleepingHelpers.contains(call.thing)
                            ? .mightSleep : .helperNotForProgramType,
                        sentence:
                            "this kernel does not let \(isSleepable ? "sleepable " : "")\(kind) programs call \(name)"
                    )
                )
            case .notKnown:
                obstacles.append(
                    Obstacle(
                        instruction: call.instruction,
                        code: .helperNotForProgramType,
                        sentence: "it is not known whether this kernel lets \(kind) programs call \(name)",
                        isKnown: false
                    )
                )
            }
            if !object.isGPLCompatible, GPLHelpers.numbers.contains(call.thing) {
                obstacles.append(
                    Obstacle(
                        instruction: call.instruction,
                        code: .helperNeedsGPL,
                        sentence: "\(name) is for programs with a licence compatible with the GPL, and it has "
                            + (object.contents.license.map { "'\($0)'" } ?? "none"),
                        cure: "char LICENSE[] SEC(\"license\") = \"GPL\", if it is"
                    )
                )
            }
            return obstacles
        }
    }

    private var kind: String {
        let name = type?.rawValue ?? "such"
        guard let attachType, type == .tracing || type == .cgroupSockAddr || type == .cgroupSock else { return name }
        return AttachType.name(attachType)
    }

    /// copy_from_user, ima_inode_hash, copy_from_user_task, ima_file_hash: for programs that may sleep.
    private static let sleepingHelpers: Set<UInt32> = [148, 161, 191, 193]

    private func finding(of helper: UInt32, for type: ProgramType) -> Finding {
        guard let profile = kernel.profile else { return .notKnown }
        // d_path and storage of sockets are let into some functions and hooks only (`allowed` in their prototypes).
        if type == .tracing || type == .lsm, [147, 107, 108].contains(helper),
            profile.helper(helper, programType: type.number) != .absent
        {
            return .notKnown
        }
        let tried = profile.facts.helpers.filter { $0.programType == type.number }
        // The kernel takes a program without an attach type for one of the first (`cgroup/skb`).
        let hasFirst = attachType == nil && tried.contains { $0.attachType == 0 }
        if let attachType = attachType ?? (hasFirst ? 0 : nil), tried.contains(where: { $0.attachType != 0 }) {
            return profile.helper(
                helper,
                programType: type.number,
                attachType: Self.triedAttachType(attachType),
                isSleepable: isSleepable
            )
        }
        guard tried.allSatisfy({ $0.attachType == tried.first?.attachType }) else { return .notKnown }
        return profile.helper(helper, programType: type.number, isSleepable: isSleepable)
    }

    /// The one that was tried of two for which kernels have the same helpers: those of IPv4 and of IPv6
    /// (sock_addr_func_proto() and sock_filter_func_proto() in net/core/filter.c).
    private static func triedAttachType(_ number: UInt32) -> UInt32 {
        let pairs: [UInt32: UInt32] = [9: 8, 11: 10, 13: 12, 15: 14, 20: 19, 30: 29, 32: 31]
        return pairs[number] ?? number
    }

    // MARK: Kfuncs

    private func kfuncObstacles(_ findings: inout Findings) -> [Obstacle] {
        let calls = program.kernelFunctionCalls
        // libbpf puts something else in the place of a weak one that is not there.
        let first = calls.first { kernel.calls($0.thing, in: object.contents) != .absent }
        if let first, !object.isGPLCompatible {
            let isCalled = kernel.calls(first.thing, in: object.contents) == .present
            guard isCalled, kernel.callbacks == .present else {
                findings.cannotTell(
                    Reason(
                        .helperNeedsGPL,
                        "\(first.thing.name) is for programs with a licence compatible with the GPL, if this kernel has it",
                        at: program.source(atInstruction: first.instruction)
                    )
                )
                return kfuncObstacles(calls)
            }
            findings.fails(
                Reason(
                    .helperNeedsGPL,
                    "kfuncs are for programs with a licence compatible with the GPL",
                    at: program.source(atInstruction: first.instruction),
                    cure: "char LICENSE[] SEC(\"license\") = \"GPL\", if it is"
                )
            )
        }
        return kfuncObstacles(calls)
    }

    private func kfuncObstacles(_ calls: [LinkedProgram.Use<BPFExtern>]) -> [Obstacle] {
        calls.compactMap { call in
            let name = call.thing.name
            // Without types, that has been told of the object.
            guard kernel.knownTypes != nil else { return nil }
            let finding = kernel.finding(of: call.thing, in: object.contents)
            if finding == .absent, call.thing.isWeak, let absence = kernel.absence(of: call.thing.essentialName) {
                return Obstacle(
                    instruction: call.instruction,
                    code: absence.code,
                    sentence: absence.sentence,
                    cure: absence.cure
                )
            }
            switch finding {
            case .present: break
            // One that the object can't do without was told of the object.
            case _ where !call.thing.isWeak: return nil
            case .module(let module):
                return Obstacle(
                    instruction: call.instruction,
                    code: .kfuncUnknown,
                    sentence: "\(name) is in the module \(module), whose types are not known",
                    isKnown: false
                )
            case .notKnown:
                return Obstacle(
                    instruction: call.instruction,
                    code: .kfuncUnknown,
                    sentence: "it is not known whether this kernel has \(name) as it is declared",
                    isKnown: false
                )
            case .absent where kernel.leftOut(.of(kfunc: name)) != nil:
                let option = kernel.leftOut(.of(kfunc: name)) ?? ""
                return Obstacle(
                    instruction: call.instruction,
                    code: .configurationOff,
                    sentence: "\(option) is off in this kernel, without which there is no \(name)()",
                    cure: "ask bpf_ksym_exists(\(name)) before the call"
                )
            case .absent, .otherType:
                return Obstacle(
                    instruction: call.instruction,
                    code: finding == .otherType ? .kfuncArgument : .kfuncUnknown,
                    sentence: finding == .otherType
                        ? "\(name) is declared otherwise than this kernel has it"
                        : "this kernel has no function \(name)",
                    cure: "ask bpf_ksym_exists(\(name)) before the call"
                )
            }
            // A survey knows the kfuncs of modules that were loaded then, which is none of these.
            let isOfModule = kernel.find(call.thing.essentialName, .function)?.module != nil
            switch isOfModule ? .notKnown : kernel.profile?.kfunc(call.thing.essentialName) ?? .notKnown {
            case .present where Self.commonKfuncs.contains(call.thing.essentialName): return nil
            case .absent:
                return Obstacle(
                    instruction: call.instruction,
                    code: .kfuncNotAllowed,
                    sentence: "\(name) is not open to programs in this kernel"
                )
            case .present, .notKnown:
                return Obstacle(
                    instruction: call.instruction,
                    code: .kfuncNotAllowed,
                    sentence: "it is not known whether this kernel lets \(kind) programs call \(name)",
                    isKnown: false
                )
            }
        }
    }

    /// Open to programs of every type wherever they are marked at all (`common_btf_ids` in kernel/bpf/helpers.c).
    private static let commonKfuncs: Set<String> = [
        "bpf_cast_to_kern_ctx", "bpf_rdonly_cast", "bpf_rcu_read_lock", "bpf_rcu_read_unlock", "bpf_dynptr_slice",
        "bpf_dynptr_slice_rdwr", "bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy", "bpf_dynptr_adjust",
        "bpf_dynptr_is_null", "bpf_dynptr_is_rdonly", "bpf_dynptr_size", "bpf_dynptr_clone",
    ]

    private func checkCallbacks(_ findings: inout Findings) {
        guard let place = program.firstCallback else { return }
        let source = program.source(atInstruction: place)
        switch kernel.callbacks {
        case .present: break
        case .absent:
            findings.fails(
                Reason(
                    .callbacksUnknown,
                    "this kernel knows no callbacks, and refuses a program that has one wherever it stands",
                    at: source,
                    cure: "have another program without it for such kernels (bpf_program__set_autoload)"
                )
            )
        case .notKnown:
            findings.cannotTell(
                Reason(.callbacksUnknown, "it is not known whether this kernel knows callbacks", at: source)
            )
        }
    }
}
