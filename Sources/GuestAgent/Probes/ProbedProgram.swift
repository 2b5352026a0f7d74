// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import LoaderContract

/// One kind of program by which a kernel is tried: its type, what decides besides the type what it may do, and what it is
/// attached to.
struct ProbedProgram {
    let type: bpf_prog_type
    private(set) var attachType: UInt32 = 0
    private var flags: UInt32 = 0
    /// The first of them that this kernel lets such a program be attached to; empty where it names none.
    private var targets: [StandInTarget] = []

    var isSleepable: Bool { flags != 0 }

    init(
        _ type: bpf_prog_type,
        attachType: bpf_attach_type? = nil,
        isSleepable: Bool = false,
        targets: [StandInTarget] = []
    ) {
        self.type = type
        self.attachType = attachType?.rawValue ?? 0
        self.flags = isSleepable ? UInt32(BPF_F_SLEEPABLE) : 0
        self.targets = targets
    }

    /// Every program type that libbpf knows, some in more than one form.
    static var all: [ProbedProgram] {
        var programs: [ProbedProgram] = []
        var number: UInt32 = 1
        while libbpf_bpf_prog_type_str(bpf_prog_type(rawValue: number)) != nil {
            programs += forms(of: bpf_prog_type(rawValue: number))
            number += 1
        }
        return programs
    }

    /// A program type in the forms that differ in what they may do.
    static func forms(of type: bpf_prog_type) -> [ProbedProgram] {
        switch type {
        case BPF_PROG_TYPE_KPROBE:
            [ProbedProgram(type), ProbedProgram(type, isSleepable: true)]
        case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
            [
                BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP4_RECVMSG,
                BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET4_GETSOCKNAME,
            ].map { ProbedProgram(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_SOCKOPT:
            [BPF_CGROUP_GETSOCKOPT, BPF_CGROUP_SETSOCKOPT].map { ProbedProgram(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_SKB:
            [BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS].map { ProbedProgram(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_SOCK:
            [BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET4_POST_BIND, BPF_CGROUP_INET_SOCK_RELEASE]
                .map { ProbedProgram(type, attachType: $0) }
        case BPF_PROG_TYPE_CGROUP_DEVICE: [ProbedProgram(type, attachType: BPF_CGROUP_DEVICE)]
        case BPF_PROG_TYPE_CGROUP_SYSCTL: [ProbedProgram(type, attachType: BPF_CGROUP_SYSCTL)]
        case BPF_PROG_TYPE_SK_LOOKUP: [ProbedProgram(type, attachType: BPF_SK_LOOKUP)]
        case BPF_PROG_TYPE_LIRC_MODE2: [ProbedProgram(type, attachType: BPF_LIRC_MODE2)]
        // Newer than the linux/bpf.h of some distributions that this is built on.
        case netfilter: [ProbedProgram(type, attachType: bpf_attach_type(rawValue: 45))]
        case BPF_PROG_TYPE_SYSCALL: [ProbedProgram(type, isSleepable: true)]
        case BPF_PROG_TYPE_TRACING:
            [
                ProbedProgram(type, attachType: BPF_TRACE_RAW_TP, targets: [.tracepoint]),
                ProbedProgram(type, attachType: BPF_TRACE_FENTRY, targets: traced),
                ProbedProgram(
                    type,
                    attachType: BPF_TRACE_FENTRY,
                    isSleepable: true,
                    targets: traced
                ),
                ProbedProgram(type, attachType: BPF_TRACE_FEXIT, targets: traced),
                ProbedProgram(
                    type,
                    attachType: BPF_TRACE_FEXIT,
                    isSleepable: true,
                    targets: traced
                ),
                ProbedProgram(type, attachType: BPF_MODIFY_RETURN, targets: modified),
                ProbedProgram(
                    type,
                    attachType: BPF_MODIFY_RETURN,
                    isSleepable: true,
                    targets: modified
                ),
                ProbedProgram(type, attachType: BPF_TRACE_ITER, targets: [.iterator]),
            ]
        case BPF_PROG_TYPE_LSM:
            [
                ProbedProgram(type, attachType: BPF_LSM_MAC, targets: [.securityHook]),
                ProbedProgram(type, attachType: BPF_LSM_MAC, isSleepable: true, targets: [.securityHook]),
            ]
        default: [ProbedProgram(type)]
        }
    }

    private static let traced = StandInTarget.tracedFunctions
    private static let modified = StandInTarget.modifiedFunctions
    /// `BPF_PROG_TYPE_NETFILTER`
    static let netfilter = bpf_prog_type(rawValue: 32)

    /// Whether the kernel has what the program's section names.
    static func isTargetKnown(of program: OpaquePointer) -> Bool {
        let section = OpenedObject.section(program)
        guard let slash = section.firstIndex(of: "/") else { return false }
        let name = section[section.index(after: slash)...]
        let identifier: Int32 =
            switch (bpf_program__type(program), bpf_program__expected_attach_type(program)) {
            case (BPF_PROG_TYPE_LSM, _): StandInTarget.identifier("bpf_lsm_\(name)", .function)
            case (_, BPF_TRACE_RAW_TP): StandInTarget.identifier("btf_trace_\(name)", .typedef)
            case (_, BPF_TRACE_ITER): StandInTarget.identifier("bpf_iter_\(name)", .function)
            default: StandInTarget.identifier(String(name), .function)
            }
        return identifier > 0
    }

    /// What such programs can be attached to, as far as the kernel has it.
    static func targets(
        of type: bpf_prog_type,
        _ attachType: bpf_attach_type,
        isSleepable: Bool
    ) -> [StandInTarget] {
        let use: StandInTarget.Use
        switch (type, attachType) {
        case (BPF_PROG_TYPE_LSM, _): use = .securityHook
        case (BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP): use = .tracepoint
        case (BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER): use = .iterator
        case (BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN): use = .modifiedFunction
        case (BPF_PROG_TYPE_TRACING, _): use = .tracedFunction(isSleepable: isSleepable)
        default: return []
        }
        return StandInTarget.candidates(for: use).filter { $0.identifier > 0 }
    }

    /// Refused already without what it is to try, a program would tell nothing of that. Chooses what it is attached to.
    ///
    /// - Returns: why there is no such program, in `obstacle`; else what to load the others with.
    func start() -> (options: bpf_prog_load_opts, obstacle: String?) {
        var options = bpf_prog_load_opts()
        options.sz = MemoryLayout<bpf_prog_load_opts>.size
        options.expected_attach_type = bpf_attach_type(rawValue: attachType)
        options.prog_flags = flags
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
                (refusal, _) = load([.result(value), .exit], options)
                if refusal == 0 { return (options, nil) }
            }
        }
        let tried = targets.isEmpty ? "" : " (attached to \(targets.map(\.name).joined(separator: " or ")))"
        return (options, "a program without anything else is refused\(tried): \(String(cString: strerror(refusal)))")
    }

    /// Positive errno, or 0 where the program was taken; and the verifier's log.
    func load(_ instructions: [bpf_insn], _ options: bpf_prog_load_opts) -> (errno: Int32, log: String) {
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

extension StandInTarget {
    /// Not above 0 where the kernel has no such thing.
    var identifier: Int32 { Self.identifier(name, kind) }

    static func identifier(_ name: String, _ kind: Kind) -> Int32 {
        switch kind {
        // BTF_KIND_FUNC and BTF_KIND_TYPEDEF in linux/btf.h.
        case .function: guest_kernel_type(name, 12)
        case .typedef: guest_kernel_type(name, 8)
        }
    }
}

extension bpf_insn {
    init(_ code: UInt8, to: UInt8 = 0, from: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
        self.init(code: code, dst_reg: to, src_reg: from, off: offset, imm: immediate)
    }

    /// `r0 = value`
    static func result(_ value: Int32) -> Self { Self(0xb7, immediate: value) }

    static let exit = Self(0x95)
}

/// ENOTSUPP, which is the kernel's own (include/linux/errno.h).
let kernelNotSupported: Int32 = 524
