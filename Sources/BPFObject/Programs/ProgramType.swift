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
        guard let definition = SectionDefinition.definition(of: section) else { return nil }
        self = definition.type
    }
}
