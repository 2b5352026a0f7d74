// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// One kind of program, and which helpers the verifier lets it call.
///
/// As `libbpf_probe_bpf_helper` does it: a program that calls the helper without arguments and ends. A kernel that does not
/// know the helper, or refuses it to this kind of program, says so before it looks at arguments; every other answer, that the
/// arguments are wrong in most cases, comes later. Unlike libbpf's, it also tries kinds of programs that must name what
/// they are attached to, and keeps apart what is loaded with different attach types, on which some helpers depend.
struct HelperProbe {
    private let type: bpf_prog_type
    private var attachType: UInt32 = 0
    private var flags: UInt32 = 0
    /// The first of them that this kernel lets such a program be attached to; empty where it names none.
    private var targets: [Target] = []

    /// What such a program must name, in the kernel's BTF: something that every kernel with this kind of program has.
    private enum Target {
        case function(String)
        case type(String)

        var name: String {
            switch self {
            case .function(let name), .type(let name): name
            }
        }

        /// Not above 0 where the kernel has no such thing.
        var identifier: Int32 {
            switch self {
            // BTF_KIND_FUNC and BTF_KIND_TYPEDEF in linux/btf.h.
            case .function(let name): guest_kernel_type(name, 12)
            case .type(let name): guest_kernel_type(name, 8)
            }
        }
    }

    /// No kernel has as many helpers; the first number that it does not know ends the search long before.
    private static let mostHelpers: UInt32 = 1024

    private init(
        _ type: bpf_prog_type,
        attachType: bpf_attach_type? = nil,
        isSleepable: Bool = false,
        targets: [Target] = []
    ) {
        self.type = type
        self.attachType = attachType?.rawValue ?? 0
        self.flags = isSleepable ? UInt32(BPF_F_SLEEPABLE) : 0
        self.targets = targets
    }

    /// Every program type that libbpf knows, some in more than one form.
    static var all: [HelperProbe] {
        var probes: [HelperProbe] = []
        var number: UInt32 = 1
        while libbpf_bpf_prog_type_str(bpf_prog_type(rawValue: number)) != nil {
            probes += forms(of: bpf_prog_type(rawValue: number))
            number += 1
        }
        return probes
    }

    private static func forms(of type: bpf_prog_type) -> [HelperProbe] {
        switch type {
        case BPF_PROG_TYPE_KPROBE:
            [HelperProbe(type), HelperProbe(type, isSleepable: true)]
        case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
            [
                BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP4_RECVMSG,
                BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET4_GETSOCKNAME,
            ].map { HelperProbe(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_SOCKOPT:
            [BPF_CGROUP_GETSOCKOPT, BPF_CGROUP_SETSOCKOPT].map { HelperProbe(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_SKB:
            [BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS].map { HelperProbe(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_SOCK:
            [BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET4_POST_BIND, BPF_CGROUP_INET_SOCK_RELEASE]
                .map { HelperProbe(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_DEVICE: [HelperProbe(type, attachType: BPF_CGROUP_DEVICE)]
        case BPF_PROG_TYPE_CGROUP_SYSCTL: [HelperProbe(type, attachType: BPF_CGROUP_SYSCTL)]
        case BPF_PROG_TYPE_SK_LOOKUP: [HelperProbe(type, attachType: BPF_SK_LOOKUP)]
        case BPF_PROG_TYPE_LIRC_MODE2: [HelperProbe(type, attachType: BPF_LIRC_MODE2)]
        // Newer than the linux/bpf.h of some distributions that this is built on.
        case netfilter: [HelperProbe(type, attachType: bpf_attach_type(rawValue: 45))]
        case BPF_PROG_TYPE_SYSCALL: [HelperProbe(type, isSleepable: true)]
        case BPF_PROG_TYPE_TRACING:
            [
                HelperProbe(type, attachType: BPF_TRACE_RAW_TP, targets: [tracepoint]),
                HelperProbe(type, attachType: BPF_TRACE_FENTRY, targets: tracedFunctions),
                HelperProbe(type, attachType: BPF_TRACE_FENTRY, isSleepable: true, targets: tracedFunctions),
                HelperProbe(type, attachType: BPF_TRACE_FEXIT, targets: tracedFunctions),
                HelperProbe(type, attachType: BPF_TRACE_FEXIT, isSleepable: true, targets: tracedFunctions),
                HelperProbe(type, attachType: BPF_MODIFY_RETURN, targets: modifiedFunctions),
                HelperProbe(type, attachType: BPF_MODIFY_RETURN, isSleepable: true, targets: modifiedFunctions),
                HelperProbe(type, attachType: BPF_TRACE_ITER, targets: [iterator]),
            ]
        case BPF_PROG_TYPE_LSM:
            [
                HelperProbe(type, attachType: BPF_LSM_MAC, targets: [hook]),
                HelperProbe(type, attachType: BPF_LSM_MAC, isSleepable: true, targets: [hook]),
            ]
        default: [HelperProbe(type)]
        }
    }

    /// The kernel's own for testing (net/bpf/test_run.c). Programs that sleep may be attached to the first from 6.0 on, and
    /// to the second where errors may be injected.
    private static let tracedFunctions = [
        Target.function("bpf_fentry_test1"), .function("bpf_modify_return_test"),
    ]
    /// Whose return value may be modified: where errors may be injected, and what asks the security modules.
    private static let modifiedFunctions = [
        Target.function("bpf_modify_return_test"), .function("security_file_open"),
    ]
    /// One in which programs may sleep (kernel/bpf/bpf_lsm.c, `sleepable_lsm_hooks`).
    private static let hook = Target.function("bpf_lsm_file_open")
    private static let iterator = Target.function("bpf_iter_task")
    private static let tracepoint = Target.type("btf_trace_sched_switch")
    /// `BPF_PROG_TYPE_NETFILTER`
    private static let netfilter = bpf_prog_type(rawValue: 32)

    func report() -> HelperReport {
        var report = HelperReport(
            programType: type.rawValue,
            attachType: attachType,
            isSleepable: flags != 0,
            obstacle: "",
            present: [],
            notProbed: [],
            last: 0
        )
        // Programs of these types have no helpers of their own.
        switch type {
        case BPF_PROG_TYPE_EXT: report.obstacle = "its helpers are those of the program that it replaces a part of"
        case BPF_PROG_TYPE_STRUCT_OPS: report.obstacle = "its helpers depend on the structure that it is a part of"
        default: probe(&report)
        }
        return report
    }

    private func probe(_ report: inout HelperReport) {
        var options = bpf_prog_load_opts()
        options.sz = MemoryLayout<bpf_prog_load_opts>.size
        options.expected_attach_type = bpf_attach_type(rawValue: attachType)
        options.prog_flags = flags
        if let obstacle = findStart(&options) {
            report.obstacle = obstacle
            return
        }
        for helper in 1...Self.mostHelpers {
            switch answer(helper, options) {
            case .present: report.present.append(helper)
            case .absent: break
            case .unclear: report.notProbed.append(helper)
            case .beyondLast: return
            }
            report.last = helper
        }
    }

    /// Refused already without a helper, a program would tell nothing of one. Sets what it is attached to.
    ///
    /// - Returns: nil, or why there is no such program.
    private func findStart(_ options: inout bpf_prog_load_opts) -> String? {
        var refusal: Int32 = 0
        for target in targets.isEmpty ? [nil] : targets.map(Optional.some) {
            if let target {
                let identifier = target.identifier
                guard identifier > 0 else {
                    refusal = ENOENT
                    continue
                }
                options.attach_btf_id = UInt32(identifier)
            }
            // Some must return 0, some 1, some may return either.
            for value: Int32 in [0, 1] {
                let result = bpf_insn(code: 0xb7, dst_reg: 0, src_reg: 0, off: 0, imm: value)
                (refusal, _) = Self.load(type, [result, Self.exit], options)
                if refusal == 0 { return nil }
            }
        }
        let tried = targets.isEmpty ? "" : " (attached to \(targets.map(\.name).joined(separator: " or ")))"
        return "a program without helpers is refused\(tried): \(String(cString: strerror(refusal)))"
    }

    private enum Answer {
        case present
        case absent
        /// The kernel has no such number, and so none above.
        case beyondLast
        case unclear
    }

    /// ENOTSUPP, which is the kernel's own (include/linux/errno.h).
    private static let notSupported: Int32 = 524
    private static let exit = bpf_insn(code: 0x95, dst_reg: 0, src_reg: 0, off: 0, imm: 0)

    private func answer(_ helper: UInt32, _ options: bpf_prog_load_opts) -> Answer {
        let call = bpf_insn(code: 0x85, dst_reg: 0, src_reg: 0, off: 0, imm: Int32(helper))
        let (errno, log) = Self.load(type, [call, Self.exit], options)
        if errno == 0 { return .present }
        // What the verifier refuses, it says why; another refusal (no memory, no permission) says nothing of the helper.
        guard !log.isEmpty, [EINVAL, EACCES, Self.notSupported].contains(errno) else { return .unclear }
        // check_helper_call() and check_get_func_ip() in kernel/bpf/verifier.c, in their wordings since 5.10.
        if log.contains("invalid func ") { return .beyondLast }
        let refusals = [
            "unknown func ", "program of this type cannot use helper ", "might sleep in a non-sleepable",
            "sleepable helper ",
            "supported only for ", "not supported for program type ",
        ]
        return refusals.contains { log.contains($0) } ? .absent : .present
    }

    /// Positive errno, or 0 where the program was taken; and the verifier's log.
    private static func load(
        _ type: bpf_prog_type,
        _ instructions: [bpf_insn],
        _ options: bpf_prog_load_opts
    ) -> (errno: Int32, log: String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            buffer.initialize(repeating: 0)
            var options = options
            options.log_buf = buffer.baseAddress
            options.log_size = UInt32(buffer.count)
            options.log_level = VerifierLogLevel.instructions
            let result = guest_load_program(type, nil, "GPL", instructions, instructions.count, &options)
            if result >= 0 {
                close(result)
                return (0, "")
            }
            return (-result, buffer.baseAddress.map { String(cString: $0) } ?? "")
        }
    }
}
