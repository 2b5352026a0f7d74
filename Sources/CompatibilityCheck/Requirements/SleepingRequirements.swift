// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import VerifierLog

/// Whether programs may sleep where one is attached (`can_be_sleepable()` and `bpf_check_attach_target()` in
/// kernel/bpf/verifier.c).
struct SleepingRequirements {
    private let target: AttachTarget?
    private let definition: SectionDefinition
    private let kernel: CheckedKernel

    init(_ definition: SectionDefinition, _ target: AttachTarget?, _ kernel: CheckedKernel) {
        self.target = target
        self.definition = definition
        self.kernel = kernel
    }

    func check(into findings: inout Findings) {
        guard definition.isSleepable else { return }
        switch definition.type {
        case .kprobe, .syscall: checkType(&findings)
        case .lsm: judge(hook(target?.name ?? ""), &findings)
        case .tracing: judge(traced(target), &findings)
        default: judge(.notKnown, &findings)
        }
    }

    private func judge(_ finding: Finding, _ findings: inout Findings) {
        let name = target?.name ?? "its target"
        switch finding {
        case .present: break
        case .absent:
            findings.fails(
                Reason(
                    .targetNotSleepable,
                    "programs may not sleep at \(name) in this kernel",
                    cure: "use the section without .s there"
                )
            )
        case .notKnown:
            findings.cannotTell(
                Reason(.targetNotSleepable, "it is not known whether programs may sleep at \(name) in this kernel")
            )
        }
    }

    // MARK: Types

    private func checkType(_ findings: inout Findings) {
        let answers = kernel.profile?.facts.helpers.filter {
            $0.programType == definition.type.number && $0.isSleepable
        }
        guard let answer = answers?.first else {
            findings.cannotTell(
                Reason(
                    .targetNotSleepable,
                    "it is not known whether programs of this type may sleep in this kernel"
                )
            )
            return
        }
        guard answer.obstacle != nil else { return }
        // A type that is not there has been told already.
        guard kernel.profile?.programType(definition.type.number) == .present else { return }
        findings.fails(
            Reason(
                .targetNotSleepable,
                "programs of type \(definition.type.rawValue) may not sleep in this kernel",
                cure: "use the section without .s there"
            )
        )
    }

    // MARK: Hooks

    /// Hooks in `sleepable_lsm_hooks` of kernel/bpf/bpf_lsm.c in every line since 5.11 that has them.
    private static let sleepableHooks: Set<String> = [
        "bprm_check_security", "bprm_committed_creds", "bprm_committing_creds", "bprm_creds_for_exec",
        "bprm_creds_from_file", "capget", "capset", "cred_prepare", "file_ioctl", "file_lock", "file_open",
        "file_receive", "inode_create", "inode_getattr", "inode_getxattr", "inode_mknod", "inode_readlink",
        "inode_rename", "inode_rmdir", "inode_setattr", "inode_setxattr", "inode_symlink", "inode_unlink",
        "kernel_module_request", "kernel_read_file", "mmap_file", "path_notify", "sb_kern_mount", "sb_mount",
        "sb_remount", "sb_set_mnt_opts", "sb_show_options", "sb_statfs", "sb_umount", "settime", "socket_accept",
        "socket_bind", "socket_connect", "socket_create", "socket_getpeername", "socket_getsockname",
        "socket_getsockopt", "socket_listen", "socket_post_create", "socket_recvmsg", "socket_sendmsg",
        "socket_shutdown", "socket_socketpair", "syslog", "task_alloc", "task_prctl", "task_setscheduler",
    ]
    /// The only one of 5.10 (`btf_sleepable_lsm_hooks` in kernel/bpf/verifier.c).
    private static let firstSleepableHook = "bprm_committed_creds"
    /// Called where nothing may sleep.
    private static let neverSleepable = "task_free"
    /// Newer lines may have other lists.
    private static let newestKnown = LinuxVersion(7, 3)

    private func hook(_ name: String) -> Finding {
        if name == Self.neverSleepable { return .absent }
        guard let line = kernel.line, line >= LinuxVersion(5, 10) else { return .notKnown }
        if line == LinuxVersion(5, 10) { return name == Self.firstSleepableHook ? .present : .absent }
        return line <= Self.newestKnown && Self.sleepableHooks.contains(name) ? .present : .notKnown
    }

    // MARK: Functions

    private func traced(_ target: AttachTarget?) -> Finding {
        switch target {
        // Whether what is iterated over lets them sleep is looked at when one is attached.
        case .iterator: .present
        case .tracedFunction(let name, _): function(name)
        default: .notKnown
        }
    }

    /// Functions into which errors may be injected, as into all system calls (`SYSCALL_DEFINEx()`), where the kernel can inject
    /// any. 7.2 lets programs sleep at system calls without that, too; of the lines between it is not known.
    private func function(_ name: String) -> Finding {
        guard let configuration = kernel.profile?.configuration, let line = kernel.line else { return .notKnown }
        let isCall = name.hasPrefix("__x64_sys_") || name.hasPrefix("__arm64_sys_")
        if configuration.value(of: "CONFIG_FUNCTION_ERROR_INJECTION") == "y" { return isCall ? .present : .notKnown }
        // Since 6.2 a few functions of modules and of BPF's own are allowed besides.
        if line <= LinuxVersion(6, 1) || isCall && line <= LinuxVersion(6, 12) { return .absent }
        return isCall && line >= LinuxVersion(7, 2) ? .present : .notKnown
    }
}
