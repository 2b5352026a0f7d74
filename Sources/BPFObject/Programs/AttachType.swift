// SPDX-License-Identifier: Apache-2.0

/// `enum bpf_attach_type`, spelt as libbpf and bpftool spell it (`libbpf_bpf_attach_type_str`).
public enum AttachType {
    /// In the order of linux/bpf.h.
    private static let names = [
        "cgroup_inet_ingress", "cgroup_inet_egress", "cgroup_inet_sock_create", "cgroup_sock_ops",
        "sk_skb_stream_parser", "sk_skb_stream_verdict", "cgroup_device", "sk_msg_verdict", "cgroup_inet4_bind",
        "cgroup_inet6_bind", "cgroup_inet4_connect", "cgroup_inet6_connect", "cgroup_inet4_post_bind",
        "cgroup_inet6_post_bind", "cgroup_udp4_sendmsg", "cgroup_udp6_sendmsg", "lirc_mode2", "flow_dissector",
        "cgroup_sysctl", "cgroup_udp4_recvmsg", "cgroup_udp6_recvmsg", "cgroup_getsockopt", "cgroup_setsockopt",
        "trace_raw_tp", "trace_fentry", "trace_fexit", "modify_return", "lsm_mac", "trace_iter",
        "cgroup_inet4_getpeername", "cgroup_inet6_getpeername", "cgroup_inet4_getsockname",
        "cgroup_inet6_getsockname", "xdp_devmap", "cgroup_inet_sock_release", "xdp_cpumap", "sk_lookup", "xdp",
        "sk_skb_verdict", "sk_reuseport_select", "sk_reuseport_select_or_migrate", "perf_event",
        "trace_kprobe_multi", "lsm_cgroup", "struct_ops", "netfilter", "tcx_ingress", "tcx_egress",
        "trace_uprobe_multi", "cgroup_unix_connect", "cgroup_unix_sendmsg", "cgroup_unix_recvmsg",
        "cgroup_unix_getpeername", "cgroup_unix_getsockname", "netkit_primary", "netkit_peer",
        "trace_kprobe_session", "trace_uprobe_session", "trace_fsession",
    ]

    /// The name of an attach type by its number, or the number itself where it is newer than this list.
    public static func name(_ number: UInt32) -> String {
        number < UInt32(names.count) ? names[Int(number)] : "attach type \(number)"
    }

    private static let numbers = Dictionary(
        uniqueKeysWithValues: names.enumerated().map { ($0.element, UInt32($0.offset)) }
    )

    /// The number of an attach type by its name; nil where this list does not have it.
    public static func number(named name: String) -> UInt32? { numbers[name] }
}
