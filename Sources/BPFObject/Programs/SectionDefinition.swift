// SPDX-License-Identifier: Apache-2.0

/// What libbpf makes of a program by the name of its section (`SEC("…")`): one line of libbpf 1.7's `section_defs`.
public struct SectionDefinition: Sendable, Hashable {
    /// What the section's name begins with, or is: `fentry.s`, `xdp/devmap`.
    public let name: String
    /// libbpf's trailing `+`: the name alone, or the name with `/` and a target behind it.
    public let takesTarget: Bool
    public let type: ProgramType
    /// `expected_attach_type` by its number (`AttachType`); nil where libbpf states none.
    public let attachType: UInt32?
    /// libbpf leaves the attach type out for kernels that know none for this type (`SEC_ATTACHABLE_OPT`).
    public let isAttachTypeOptional: Bool

    /// The program may sleep (`BPF_F_SLEEPABLE`): `.s` in the section's name, and `syscall`.
    public var isSleepable: Bool { type == .syscall || word.hasSuffix(".s") }

    /// The program takes packets in several buffers (`BPF_F_XDP_HAS_FRAGS`).
    public var takesFragments: Bool { word.hasSuffix(".frags") }

    /// The kernel is told the target's id in its BTF when the program is loaded, so a kernel without that target, or
    /// without BTF, does not load it (`SEC_ATTACH_BTF`).
    public var attachesByTypes: Bool { [.tracing, .lsm, .ext].contains(type) }

    /// What stands before the first `/`.
    var word: Substring { name.prefix { $0 != "/" } }

    /// libbpf's `sec_def_matches`.
    private func matches(_ section: String) -> Bool {
        if section == name { return true }
        return takesTarget && section.hasPrefix(name) && section.dropFirst(name.count).first == "/"
    }

    /// The definition that a section's name without its `?` falls under; nil where libbpf knows none.
    public static func definition(of section: String) -> SectionDefinition? {
        byWord[section.prefix { $0 != "/" }]?.first { $0.matches(section) }
    }

    private static let byWord = Dictionary(grouping: all, by: \.word)
}

extension SectionDefinition {
    private static func exactly(
        _ names: String,
        _ type: ProgramType,
        _ attachType: String? = nil,
        optional: Bool = false
    ) -> [SectionDefinition] {
        definitions(names, takesTarget: false, type, attachType, optional: optional)
    }

    private static func withTarget(
        _ names: String,
        _ type: ProgramType,
        _ attachType: String? = nil
    ) -> [SectionDefinition] {
        definitions(names, takesTarget: true, type, attachType, optional: false)
    }

    private static func definitions(
        _ names: String,
        takesTarget: Bool,
        _ type: ProgramType,
        _ attachType: String?,
        optional: Bool
    ) -> [SectionDefinition] {
        names.split(separator: " ").map { name in
            SectionDefinition(
                name: String(name),
                takesTarget: takesTarget,
                type: type,
                attachType: attachType.flatMap(AttachType.number(named:)),
                isAttachTypeOptional: optional
            )
        }
    }

    /// The whole list.
    public static let all: [SectionDefinition] = [
        exactly("socket", .socketFilter),
        exactly("sk_reuseport/migrate", .skReuseport, "sk_reuseport_select_or_migrate"),
        exactly("sk_reuseport", .skReuseport, "sk_reuseport_select"),
        withTarget("kprobe kretprobe uprobe uprobe.s uretprobe uretprobe.s", .kprobe),
        withTarget("kprobe.multi kretprobe.multi", .kprobe, "trace_kprobe_multi"),
        withTarget("kprobe.session", .kprobe, "trace_kprobe_session"),
        withTarget("uprobe.multi uretprobe.multi uprobe.multi.s uretprobe.multi.s", .kprobe, "trace_uprobe_multi"),
        withTarget("uprobe.session uprobe.session.s", .kprobe, "trace_uprobe_session"),
        withTarget("ksyscall kretsyscall usdt usdt.s", .kprobe),
        exactly("tc classifier", .schedCls),
        exactly("tc/ingress tcx/ingress", .schedCls, "tcx_ingress"),
        exactly("tc/egress tcx/egress", .schedCls, "tcx_egress"),
        exactly("netkit/primary", .schedCls, "netkit_primary"),
        exactly("netkit/peer", .schedCls, "netkit_peer"),
        exactly("action", .schedAct),
        withTarget("tracepoint tp", .tracepoint),
        withTarget("raw_tracepoint raw_tp", .rawTracepoint),
        withTarget("raw_tracepoint.w raw_tp.w", .rawTracepointWritable),
        withTarget("tp_btf", .tracing, "trace_raw_tp"),
        withTarget("fentry fentry.s", .tracing, "trace_fentry"),
        withTarget("fmod_ret fmod_ret.s", .tracing, "modify_return"),
        withTarget("fexit fexit.s", .tracing, "trace_fexit"),
        withTarget("fsession fsession.s", .tracing, "trace_fsession"),
        withTarget("freplace", .ext),
        withTarget("lsm lsm.s", .lsm, "lsm_mac"),
        withTarget("lsm_cgroup", .lsm, "lsm_cgroup"),
        withTarget("iter iter.s", .tracing, "trace_iter"),
        exactly("syscall", .syscall),
        exactly("xdp.frags/devmap xdp/devmap", .xdp, "xdp_devmap"),
        exactly("xdp.frags/cpumap xdp/cpumap", .xdp, "xdp_cpumap"),
        exactly("xdp.frags", .xdp, "xdp"),
        exactly("xdp", .xdp, "xdp", optional: true),
        exactly("perf_event", .perfEvent),
        exactly("lwt_in", .lwtIn),
        exactly("lwt_out", .lwtOut),
        exactly("lwt_xmit", .lwtXmit),
        exactly("lwt_seg6local", .lwtSeg6Local),
        exactly("sockops", .sockOps, "cgroup_sock_ops", optional: true),
        exactly("sk_skb/stream_parser", .skSkb, "sk_skb_stream_parser", optional: true),
        exactly("sk_skb/stream_verdict", .skSkb, "sk_skb_stream_verdict", optional: true),
        exactly("sk_skb/verdict", .skSkb, "sk_skb_verdict", optional: true),
        exactly("sk_skb", .skSkb),
        exactly("sk_msg", .skMsg, "sk_msg_verdict", optional: true),
        exactly("lirc_mode2", .lircMode2, "lirc_mode2", optional: true),
        exactly("flow_dissector", .flowDissector, "flow_dissector", optional: true),
        exactly("cgroup_skb/ingress", .cgroupSkb, "cgroup_inet_ingress", optional: true),
        exactly("cgroup_skb/egress", .cgroupSkb, "cgroup_inet_egress", optional: true),
        exactly("cgroup/skb", .cgroupSkb),
        exactly("cgroup/sock_create", .cgroupSock, "cgroup_inet_sock_create"),
        exactly("cgroup/sock_release", .cgroupSock, "cgroup_inet_sock_release"),
        exactly("cgroup/sock", .cgroupSock, "cgroup_inet_sock_create", optional: true),
        exactly("cgroup/post_bind4", .cgroupSock, "cgroup_inet4_post_bind"),
        exactly("cgroup/post_bind6", .cgroupSock, "cgroup_inet6_post_bind"),
        exactly("cgroup/bind4", .cgroupSockAddr, "cgroup_inet4_bind"),
        exactly("cgroup/bind6", .cgroupSockAddr, "cgroup_inet6_bind"),
        exactly("cgroup/connect4", .cgroupSockAddr, "cgroup_inet4_connect"),
        exactly("cgroup/connect6", .cgroupSockAddr, "cgroup_inet6_connect"),
        exactly("cgroup/connect_unix", .cgroupSockAddr, "cgroup_unix_connect"),
        exactly("cgroup/sendmsg4", .cgroupSockAddr, "cgroup_udp4_sendmsg"),
        exactly("cgroup/sendmsg6", .cgroupSockAddr, "cgroup_udp6_sendmsg"),
        exactly("cgroup/sendmsg_unix", .cgroupSockAddr, "cgroup_unix_sendmsg"),
        exactly("cgroup/recvmsg4", .cgroupSockAddr, "cgroup_udp4_recvmsg"),
        exactly("cgroup/recvmsg6", .cgroupSockAddr, "cgroup_udp6_recvmsg"),
        exactly("cgroup/recvmsg_unix", .cgroupSockAddr, "cgroup_unix_recvmsg"),
        exactly("cgroup/getpeername4", .cgroupSockAddr, "cgroup_inet4_getpeername"),
        exactly("cgroup/getpeername6", .cgroupSockAddr, "cgroup_inet6_getpeername"),
        exactly("cgroup/getpeername_unix", .cgroupSockAddr, "cgroup_unix_getpeername"),
        exactly("cgroup/getsockname4", .cgroupSockAddr, "cgroup_inet4_getsockname"),
        exactly("cgroup/getsockname6", .cgroupSockAddr, "cgroup_inet6_getsockname"),
        exactly("cgroup/getsockname_unix", .cgroupSockAddr, "cgroup_unix_getsockname"),
        exactly("cgroup/sysctl", .cgroupSysctl, "cgroup_sysctl"),
        exactly("cgroup/getsockopt", .cgroupSockopt, "cgroup_getsockopt"),
        exactly("cgroup/setsockopt", .cgroupSockopt, "cgroup_setsockopt"),
        exactly("cgroup/dev", .cgroupDevice, "cgroup_device", optional: true),
        withTarget("struct_ops struct_ops.s", .structOps),
        exactly("sk_lookup", .skLookup, "sk_lookup"),
        exactly("netfilter", .netfilter, "netfilter"),
    ].flatMap { $0 }
}
