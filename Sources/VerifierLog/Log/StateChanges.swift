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
        } else if PacketMovers.contains(String(name)) {
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
}
