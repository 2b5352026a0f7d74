// SPDX-License-Identifier: Apache-2.0

/// `enum bpf_prog_type`, spelt as libbpf and bpftool spell it (`libbpf_bpf_prog_type_str`).
public enum ProgramType: String, Sendable, Hashable, CaseIterable {
    case unspec
    case socketFilter = "socket_filter"
    case kprobe
    case schedCls = "sched_cls"
    case schedAct = "sched_act"
    case tracepoint
    case xdp
    case perfEvent = "perf_event"
    case cgroupSkb = "cgroup_skb"
    case cgroupSock = "cgroup_sock"
    case lwtIn = "lwt_in"
    case lwtOut = "lwt_out"
    case lwtXmit = "lwt_xmit"
    case sockOps = "sock_ops"
    case skSkb = "sk_skb"
    case cgroupDevice = "cgroup_device"
    case skMsg = "sk_msg"
    case rawTracepoint = "raw_tracepoint"
    case cgroupSockAddr = "cgroup_sock_addr"
    case lwtSeg6Local = "lwt_seg6local"
    case lircMode2 = "lirc_mode2"
    case skReuseport = "sk_reuseport"
    case flowDissector = "flow_dissector"
    case cgroupSysctl = "cgroup_sysctl"
    case rawTracepointWritable = "raw_tracepoint_writable"
    case cgroupSockopt = "cgroup_sockopt"
    case tracing
    case structOps = "struct_ops"
    case ext
    case lsm
    case skLookup = "sk_lookup"
    case syscall
    case netfilter

    /// The kernel's number; the cases stand in the order of linux/bpf.h.
    public var number: UInt32 { Self.numbers[self] ?? 0 }

    /// The name of a program type by its number, or the number itself where it is newer than this list.
    public static func name(_ number: UInt32) -> String {
        number < UInt32(allCases.count) ? allCases[Int(number)].rawValue : "program type \(number)"
    }

    private static let numbers = Dictionary(
        uniqueKeysWithValues: allCases.enumerated().map { ($0.element, UInt32($0.offset)) }
    )

    /// The type that a section's name stands for; nil where libbpf 1.7 knows none.
    public init?(section: String) {
        let type = Self.sections.lazy.filter { $0.matches(section) }.map(\.type).first
        guard let type else { return nil }
        self = type
    }
}

/// How a program type is written in `SEC("…")`; the rules are those of libbpf's `sec_def_matches`.
private struct SectionPattern {
    let name: String
    /// libbpf's trailing `+`: the name alone, or the name with `/` and anything behind it.
    let takesTarget: Bool
    let type: ProgramType

    func matches(_ section: String) -> Bool {
        if section == name { return true }
        return takesTarget && section.hasPrefix(name) && section.dropFirst(name.count).first == "/"
    }
}

extension ProgramType {
    private static func exactly(_ names: String, _ type: ProgramType) -> [SectionPattern] {
        names.split(separator: " ").map { SectionPattern(name: String($0), takesTarget: false, type: type) }
    }

    private static func withTarget(_ names: String, _ type: ProgramType) -> [SectionPattern] {
        names.split(separator: " ").map { SectionPattern(name: String($0), takesTarget: true, type: type) }
    }

    /// libbpf 1.7's `section_defs`.
    private static let sections: [SectionPattern] = [
        exactly("socket", .socketFilter),
        exactly("sk_reuseport sk_reuseport/migrate", .skReuseport),
        withTarget("kprobe uprobe uprobe.s kretprobe uretprobe uretprobe.s", .kprobe),
        withTarget("kprobe.multi kretprobe.multi kprobe.session", .kprobe),
        withTarget("uprobe.multi uretprobe.multi uprobe.session", .kprobe),
        withTarget("uprobe.multi.s uretprobe.multi.s uprobe.session.s", .kprobe),
        withTarget("ksyscall kretsyscall usdt usdt.s", .kprobe),
        exactly("tc tc/ingress tc/egress tcx/ingress tcx/egress classifier", .schedCls),
        exactly("netkit/primary netkit/peer", .schedCls),
        exactly("action", .schedAct),
        withTarget("tracepoint tp", .tracepoint),
        withTarget("raw_tracepoint raw_tp", .rawTracepoint),
        withTarget("raw_tracepoint.w raw_tp.w", .rawTracepointWritable),
        withTarget("tp_btf fentry fmod_ret fexit fentry.s fmod_ret.s fexit.s", .tracing),
        withTarget("fsession fsession.s iter iter.s", .tracing),
        withTarget("freplace", .ext),
        withTarget("lsm lsm.s lsm_cgroup", .lsm),
        exactly("syscall", .syscall),
        exactly("xdp xdp.frags xdp/devmap xdp.frags/devmap xdp/cpumap xdp.frags/cpumap", .xdp),
        exactly("perf_event", .perfEvent),
        exactly("lwt_in", .lwtIn),
        exactly("lwt_out", .lwtOut),
        exactly("lwt_xmit", .lwtXmit),
        exactly("lwt_seg6local", .lwtSeg6Local),
        exactly("sockops", .sockOps),
        exactly("sk_skb sk_skb/stream_parser sk_skb/stream_verdict sk_skb/verdict", .skSkb),
        exactly("sk_msg", .skMsg),
        exactly("lirc_mode2", .lircMode2),
        exactly("flow_dissector", .flowDissector),
        exactly("cgroup_skb/ingress cgroup_skb/egress cgroup/skb", .cgroupSkb),
        exactly("cgroup/sock cgroup/sock_create cgroup/sock_release cgroup/post_bind4 cgroup/post_bind6", .cgroupSock),
        exactly("cgroup/bind4 cgroup/bind6 cgroup/connect4 cgroup/connect6 cgroup/connect_unix", .cgroupSockAddr),
        exactly("cgroup/sendmsg4 cgroup/sendmsg6 cgroup/sendmsg_unix", .cgroupSockAddr),
        exactly("cgroup/recvmsg4 cgroup/recvmsg6 cgroup/recvmsg_unix", .cgroupSockAddr),
        exactly("cgroup/getpeername4 cgroup/getpeername6 cgroup/getpeername_unix", .cgroupSockAddr),
        exactly("cgroup/getsockname4 cgroup/getsockname6 cgroup/getsockname_unix", .cgroupSockAddr),
        exactly("cgroup/sysctl", .cgroupSysctl),
        exactly("cgroup/getsockopt cgroup/setsockopt", .cgroupSockopt),
        exactly("cgroup/dev", .cgroupDevice),
        withTarget("struct_ops struct_ops.s", .structOps),
        exactly("sk_lookup", .skLookup),
        exactly("netfilter", .netfilter),
    ].flatMap { $0 }
}
