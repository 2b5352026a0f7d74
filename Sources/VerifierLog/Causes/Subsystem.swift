// SPDX-License-Identifier: Apache-2.0

/// A part of the kernel that may be left out when it is built, and what BPF programs have of it.
public struct Subsystem: Sendable {
    public let option: ConfigurationSwitch
    /// The first line of Linux in which programs have something of it: in older ones the switch decides nothing, or is not there.
    public let since: LinuxVersion
    /// Names of kfuncs begin with these.
    private let kfuncs: [String]
    /// Structures of functions that programs implement (`struct_ops`).
    private let structures: [String]

    private init(
        _ option: ConfigurationSwitch,
        since: LinuxVersion,
        kfuncs: [String],
        structures: [String] = []
    ) {
        self.option = option
        self.since = since
        self.kfuncs = kfuncs
        self.structures = structures
    }

    /// The one that registers the kfunc; nil where it is in every kernel, or not known here.
    ///
    /// - Parameter name: what stands behind `___` tells declarations apart, and is no part of it.
    public static func of(kfunc name: String) -> Subsystem? {
        let essential = name.firstRange(of: "___").map { String(name[..<$0.lowerBound]) } ?? name
        return all.first { subsystem in subsystem.kfuncs.contains { essential.hasPrefix($0) } }
    }

    public static func of(structure name: String) -> Subsystem? {
        all.first { $0.structures.contains(name) }
    }

    /// Whether the kernel could have it, and was built without.
    func isLeftOut(of kernel: Evidence.KernelFacts) -> Bool {
        guard let version = kernel.version, version >= since else { return false }
        return kernel.configuration[option] == false
    }

    /// kernel/sched/ext.c, drivers/hid/bpf, net/netfilter/nf_conntrack_bpf.c, nf_nat_bpf.c, nf_flow_table_bpf.c,
    /// kernel/trace/bpf_trace.c, fs/verity/measure.c, kernel/bpf/crypto.c, net/xfrm/xfrm_interface_bpf.c, xfrm_state_bpf.c,
    /// net/ipv4/fou_bpf.c, net/sched/bpf_qdisc.c, kernel/bpf/dmabuf_iter.c. What is more special comes first.
    private static let all = [
        Subsystem(
            .schedulerExtension,
            since: LinuxVersion(6, 12),
            kfuncs: ["scx_bpf_", "bpf_iter_scx_"],
            structures: ["sched_ext_ops"]
        ),
        Subsystem(
            .humanInterfaceDevices,
            since: LinuxVersion(6, 3),
            kfuncs: ["hid_bpf_"],
            structures: ["hid_bpf_ops"]
        ),
        Subsystem(.networkTranslation, since: LinuxVersion(6, 1), kfuncs: ["bpf_ct_set_nat_info"]),
        Subsystem(.conntrack, since: LinuxVersion(5, 18), kfuncs: ["bpf_xdp_ct_", "bpf_skb_ct_", "bpf_ct_"]),
        Subsystem(.flowTable, since: LinuxVersion(6, 11), kfuncs: ["bpf_xdp_flow_lookup"]),
        Subsystem(
            .keys,
            since: LinuxVersion(6, 1),
            kfuncs: ["bpf_lookup_user_key", "bpf_lookup_system_key", "bpf_key_put"]
        ),
        Subsystem(.signatures, since: LinuxVersion(6, 1), kfuncs: ["bpf_verify_pkcs7_signature"]),
        Subsystem(.verity, since: LinuxVersion(6, 8), kfuncs: ["bpf_get_fsverity_digest"]),
        Subsystem(.cryptography, since: LinuxVersion(6, 10), kfuncs: ["bpf_crypto_"]),
        Subsystem(
            .transformationInterface,
            since: LinuxVersion(6, 2),
            kfuncs: ["bpf_skb_get_xfrm_info", "bpf_skb_set_xfrm_info"]
        ),
        Subsystem(
            .transformation,
            since: LinuxVersion(6, 8),
            kfuncs: ["bpf_xdp_get_xfrm_state", "bpf_xdp_xfrm_state_release"]
        ),
        Subsystem(
            .fooOverUDP,
            since: LinuxVersion(6, 4),
            kfuncs: ["bpf_skb_set_fou_encap", "bpf_skb_get_fou_encap"]
        ),
        Subsystem(
            .queueDisciplines,
            since: LinuxVersion(6, 16),
            kfuncs: ["bpf_qdisc_", "bpf_kfree_skb", "bpf_skb_get_hash"],
            structures: ["Qdisc_ops"]
        ),
        Subsystem(.sharedBuffers, since: LinuxVersion(6, 16), kfuncs: ["bpf_iter_dmabuf_"]),
    ]
}
