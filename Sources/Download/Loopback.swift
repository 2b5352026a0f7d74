// SPDX-License-Identifier: Apache-2.0

/// Hosts that are this machine: what is said to them does not leave it.
public enum Loopback {
    /// - Parameter host: without a port; an IPv6 address with or without its brackets.
    public static func contains(_ host: String) -> Bool {
        if ["localhost", "::1", "[::1]"].contains(host.lowercased()) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        // A name may begin with these digits; an address has four numbers and nothing else.
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.count <= 3 && $0.allSatisfy { ("0"..."9").contains($0) } && UInt8($0) != nil }
    }
}
