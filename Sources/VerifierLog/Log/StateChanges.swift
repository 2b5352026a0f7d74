// SPDX-License-Identifier: Apache-2.0

/// What an instruction may do to registers that it does not name, and that the kernel then prints nothing of.
struct StateChanges: OptionSet {
    let rawValue: UInt8

    /// No pointer into the packet outlives it (`clear_all_pkt_pointers()` in kernel/bpf/verifier.c).
    static let packet = StateChanges(rawValue: 1)
    /// Something that was lent is given back (`release_reference()`): which, the call's text does not tell.
    static let reference = StateChanges(rawValue: 2)
    /// More of the packet may be known to be there (`find_good_pkt_pointers()`).
    static let packetRange = StateChanges(rawValue: 4)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// - Parameter call: an instruction's text: `call bpf_xdp_adjust_head#44`.
    init(call: String) {
        let name = call.dropFirst("call ".count).prefix { $0 != "#" && $0 != " " }
        // A function of the program's own that is verified by itself may do what it likes.
        if name.hasPrefix("pc+") || name.hasPrefix("pc-") {
            self = [.packet, .reference]
        } else if name.allSatisfy(\.isNumber) || name == "unknown" {
            // Which helper it is, no name tells.
            self = [.packet, .reference]
        } else if Self.packetMovers.contains(String(name)) {
            self = .packet
        } else if Self.givingBack.contains(where: { name.contains($0) }) {
            self = .reference
        } else {
            self = []
        }
    }

    /// Whether what was known of a register of that type may be over.
    func end(_ type: String) -> Bool {
        if type.hasPrefix("pkt") { return contains(.packet) }
        guard contains(.reference) else { return false }
        return type.contains("mem") || type.contains("sock") || type.contains("ptr_")
    }

    private static let givingBack = [
        "release", "submit", "discard", "drop", "_put", "_del", "_free", "destroy", "kptr_xchg",
    ]

    /// `bpf_helper_changes_pkt_data()` in net/core/filter.c, 5.10 to 7.x.
    private static let packetMovers: Set<String> = [
        "bpf_skb_vlan_push", "bpf_skb_vlan_pop", "bpf_skb_store_bytes", "bpf_skb_change_proto", "bpf_skb_change_head",
        "bpf_skb_change_tail", "bpf_skb_pull_data", "bpf_skb_adjust_room", "bpf_clone_redirect",
        "bpf_l3_csum_replace", "bpf_l4_csum_replace", "bpf_xdp_adjust_head", "bpf_xdp_adjust_meta",
        "bpf_xdp_adjust_tail", "bpf_msg_pull_data", "bpf_msg_push_data", "bpf_msg_pop_data", "bpf_lwt_push_encap",
        "bpf_lwt_seg6_store_bytes", "bpf_lwt_seg6_adjust_srh", "bpf_lwt_seg6_action", "bpf_store_hdr_opt",
        "bpf_sk_skb_pull_data", "bpf_tail_call",
    ]
}
