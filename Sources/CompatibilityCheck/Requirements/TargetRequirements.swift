// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// What a program is attached to: what must be there when it is loaded, and what only when it is attached.
struct TargetRequirements {
    private let program: BPFProgram
    private let definition: SectionDefinition
    private let kernel: CheckedKernel

    init(_ program: BPFProgram, _ definition: SectionDefinition, _ kernel: CheckedKernel) {
        self.program = program
        self.definition = definition
        self.kernel = kernel
    }

    func check(into findings: inout Findings) {
        guard let target = program.target else {
            if definition.attachesByTypes {
                findings.fails(
                    Reason(
                        .targetUnset,
                        "SEC(\"\(program.section)\") leaves it to its own loader what it is attached to",
                        cure: "name it in the section, or load it as its loader does (bpf_program__set_attach_target)"
                    )
                )
            }
            return
        }
        if case .programFunction = target {
            findings.fails(
                Reason(
                    .targetUnset,
                    "which program it replaces a part of is left to its own loader",
                    cure: "load it as its loader does (bpf_program__set_attach_target)"
                )
            )
            return
        }
        if let (name, kind) = target.requiredType { checkType(target, name, kind, &findings) }
        checkAttaching(target, &findings)
    }

    private func checkType(
        _ target: AttachTarget,
        _ name: String,
        _ kind: AttachTarget.RequiredKind,
        _ findings: inout Findings
    ) {
        // Without types, that has been told of the object.
        guard kernel.knownTypes != nil else { return }
        guard let found = kernel.find(name, kind == .function ? .function : .typedef, in: target.home) else {
            missing(target, called: name, &findings)
            return
        }
        switch target {
        case .tracedFunction: checkFunction(target, found, &findings)
        case .securityHook where Self.disabledHooks.contains(target.name):
            findings.cannotTell(
                Reason(
                    .targetRefused,
                    "it is not known whether this kernel lets programs be attached to \(target.name)"
                )
            )
        default: break
        }
    }

    /// - Parameter name: what libbpf looks for.
    private func missing(_ target: AttachTarget, called name: String, _ findings: inout Findings) {
        if case .module(let module) = target.home {
            guard let modules = kernel.modules else {
                findings.cannotTell(
                    Reason(.targetMissing, "\(target.name) is in the module \(module), whose types are not known")
                )
                return
            }
            guard modules.index.has(ModuleOrder.canonical(module)) else {
                findings.fails(
                    Reason(
                        .targetMissing,
                        "this kernel has no module \(module)",
                        cure: "leave the program out where it is missing (bpf_program__set_autoload)"
                    )
                )
                return
            }
        }
        // libbpf looks into the modules too, unless the section says that it is the kernel's.
        if target.home != .kernel, let absence = kernel.absence(of: name) ?? kernel.absence(of: target.name) {
            findings.fails(absence)
            return
        }
        if target.home == .kernelOrModules, kernel.modules == nil {
            if case .tracedFunction = target {
                guard let profile = kernel.profile, profile.functionCount != nil else {
                    findings.cannotTell(
                        Reason(
                            .targetMissing,
                            "the kernel itself has no \(target.name); whether a module has is not known"
                        )
                    )
                    return
                }
                if let module = profile.function(target.name)?.module {
                    findings.cannotTell(
                        Reason(.targetMissing, "\(target.name) is in the module \(module), whose types are not known")
                    )
                    return
                }
            }
        }
        findings.fails(
            Reason(
                .targetMissing,
                "this kernel has no \(Self.word(target)) \(target.name)",
                cure:
                    "leave the program out where it is missing (bpf_program__set_autoload), and have another one for it"
            )
        )
    }

    private static func word(_ target: AttachTarget) -> String {
        switch target {
        case .typedTracepoint, .rawTracepoint, .tracepoint: "tracepoint"
        case .securityHook: "hook"
        case .iterator: "iterator"
        case .systemCall: "system call"
        default: "function"
        }
    }

    /// `bpf_lsm_disabled_hooks` in kernel/bpf/bpf_lsm.c, in some kernels.
    private static let disabledHooks: Set<String> = [
        "vm_enough_memory", "inode_need_killpriv", "inode_getsecurity", "inode_listsecurity", "inode_copy_up_xattr",
        "getselfattr", "setselfattr", "getprocattr", "setprocattr", "ismaclabel", "secid_to_secctx", "secctx_to_secid",
        "release_secctx", "lsmprop_to_secctx", "key_getsecurity",
    ]

    /// Refused by some kernels (`btf_id_deny`, `noreturn_deny` in kernel/bpf/verifier.c).
    private static let deniedFunctions: Set<String> = [
        "migrate_disable", "migrate_enable", "rcu_read_unlock_strict", "preempt_count_add", "preempt_count_sub",
        "__rcu_read_lock", "__rcu_read_unlock", "__migrate_disable", "__migrate_enable", "do_exit", "do_group_exit",
        "kthread_complete_and_exit", "kthread_exit", "make_task_dead", "__module_put_and_kthread_exit",
        "__x64_sys_exit", "__x64_sys_exit_group", "do_task_dead", "rewind_stack_and_make_dead",
    ]

    /// MAX_BPF_FUNC_ARGS in linux/bpf.h.
    private static let mostParameters = 12

    /// btf_distill_func_proto() in kernel/bpf/btf.c, bpf_check_attach_target() in kernel/bpf/verifier.c.
    private func checkFunction(
        _ target: AttachTarget,
        _ found: CheckedKernel.FoundType,
        _ findings: inout Findings
    ) {
        let name = target.name
        let types = found.types
        func unknown(_ sentence: String) { findings.cannotTell(Reason(.targetRefused, sentence)) }
        if definition.name.hasPrefix("fmod_ret"), !name.hasPrefix("security_") {
            unknown("it is not known whether this kernel lets what \(name) returns be changed")
        }
        if Self.deniedFunctions.contains(name) {
            unknown("it is not known whether this kernel lets programs be attached to \(name)")
        }
        // A module's symbols are there once it is loaded.
        if found.module == nil, let profile = kernel.profile, profile.functionCount != nil,
            profile.function(name) == nil
        {
            unknown("\(name) is in the kernel's types, and not among its symbols")
        }
        guard let prototype = types.type(found.id)?.target.flatMap({ types.type($0) }) else { return }
        let parameters = prototype.parameters
        if parameters.count > Self.mostParameters || parameters.last.map({ $0.type == 0 }) == true {
            findings.fails(
                Reason(
                    .targetRefused,
                    "\(name) takes more than 12 parameters, or any number, and no program can be attached to such",
                    cure: "use a kprobe"
                )
            )
        }
        let hasStructure = parameters.contains { types.resolved($0.type)?.kind.isComposite == true }
        let returnsStructure = types.resolved(prototype.target ?? 0)?.kind.isComposite == true
        if hasStructure || returnsStructure {
            unknown("\(name) takes or returns a struct by value, which not all kernels let programs be attached to")
        }
    }

    /// What is there only once the program is attached.
    private func checkAttaching(_ target: AttachTarget, _ findings: inout Findings) {
        guard let profile = kernel.profile else { return }
        func absent(_ finding: Finding, _ sentence: String, _ code: CauseReason = .missing) {
            guard finding == .absent else { return }
            findings.cannotAttach(Reason(code == .missing ? .targetMissing : .targetRefused, sentence))
        }
        func isIn(_ module: String, _ name: String) {
            findings.cannotAttach(
                Reason(
                    .moduleNotLoaded,
                    "\(name) is in the module \(module), which must be loaded before",
                    cure: "modprobe \(module)"
                )
            )
        }
        switch target {
        case .probedFunction(let name, _):
            if profile.function(name) == nil, let module = kernel.modules?.notLoaded(having: KernelName(.symbol, name))
            {
                isIn(module, name)
                return
            }
            let exists = profile.function(name) != nil
            absent(
                profile.kprobe(name),
                exists ? "this kernel lets no kprobe into \(name)" : "this kernel has no function \(name)",
                exists ? .refused : .missing
            )
        case .systemCall(let name):
            guard profile.functionCount != nil else { return }
            let names = ["__x64_sys_\(name)", "__arm64_sys_\(name)", "__se_sys_\(name)", "sys_\(name)"]
            guard names.allSatisfy({ profile.function($0) == nil }) else { return }
            absent(.absent, "this kernel has no system call \(name)")
        case .tracepoint(let category, let name):
            absent(profile.traceEvent(category, name), "this kernel has no tracepoint \(category)/\(name)")
        case .rawTracepoint(let name):
            if profile.rawTracepoint(name) == .absent,
                let module = kernel.modules?.notLoaded(having: KernelName(.tracepoint, name))
            {
                isIn(module, name)
                return
            }
            absent(profile.rawTracepoint(name), "this kernel has no tracepoint \(name)")
        case .tracedFunction(let name, _):
            guard profile.function(name) != nil else { return }
            absent(profile.fentry(name), "ftrace can't be attached to \(name) in this kernel", .refused)
        case .securityHook(let name, _):
            guard profile.hookExists(name) == .present, profile.hook(name) == .absent else { return }
            findings.cannotAttach(
                Reason(
                    .configurationOff,
                    "BPF is not among the security modules in force: the program is never asked",
                    cure: "lsm=…,bpf on the kernel's command line"
                )
            )
        default: break
        }
    }

    private enum CauseReason {
        case missing
        case refused
    }
}
