// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader
import CORE
import KernelProfile
import Synchronization

/// A kernel that objects are held against: what it has said of itself.
public struct CheckedKernel: Sendable {
    /// The kernel's own types.
    public enum Types: Sendable {
        case present(BTFTypes)
        /// It was built without.
        case none
        case notKnown
    }

    /// Upstream version: `6.1.192`.
    public let version: String
    /// nil where it was never surveyed.
    public let profile: KernelProfile?
    public let types: Types
    private let flags = KnownFlags()
    /// `enum bpf_attach_type` as its own types have it; nil where they don't.
    let attachTypes: Set<UInt32>?
    /// nil where it is not known which there are: what the kernel itself does not have may be in one of them.
    public var modules: CheckedModules?

    public init(version: String, profile: KernelProfile?, types: Types, modules: CheckedModules? = nil) {
        self.modules = modules
        self.version = version
        self.profile = profile
        self.types = types
        if case .present(let types) = types {
            attachTypes = Self.values(of: "bpf_attach_type", in: types)
        } else {
            attachTypes = nil
        }
    }

    private static func values(of enumeration: String, in types: BTFTypes) -> Set<UInt32>? {
        guard let id = types.id(named: enumeration, kind: .enumeration), let type = types.type(id) else { return nil }
        // The last one counts them.
        let enumerators = type.enumerators.filter { !$0.name.text.hasPrefix("__") }
        return Set(enumerators.map { UInt32(truncatingIfNeeded: $0.value) })
    }

    /// The values that the kernel's own enumeration of that name has; nil where that is not known.
    func enumeration(_ name: String) -> Set<UInt32>? { knownTypes.flatMap { Self.values(of: name, in: $0) } }

    /// Whether its configuration is known, and does not have this switch.
    func isOff(_ name: String) -> Bool {
        guard let configuration = profile?.configuration else { return false }
        return configuration.value(of: name) == nil
    }

    /// Whether its version is this one or an older one; false where that is not known.
    func isAtMost(_ major: Int, _ minor: Int) -> Bool {
        let parts = version.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
        guard parts.count >= 2, let ownMajor = parts[0], let ownMinor = parts[1] else { return false }
        return (ownMajor, ownMinor) <= (major, minor)
    }

    var byteOrder: ByteOrder {
        if let types = knownTypes { return types.byteOrder }
        return profile?.configuration?.value(of: "CONFIG_CPU_BIG_ENDIAN") == "y" ? .bigEndian : .littleEndian
    }

    var knownTypes: BTFTypes? {
        guard case .present(let types) = types else { return nil }
        return types
    }

    /// Whether an enumeration without a name has this value, as those of `BPF_F_…` are.
    func flag(_ name: String) -> Finding {
        guard let types = knownTypes else { return .notKnown }
        return flags.known.withLock { known in
            if let finding = known[name] { return finding }
            let finding = Self.flag(name, in: types)
            known[name] = finding
            return finding
        }
    }

    private static func flag(_ name: String, in types: BTFTypes) -> Finding {
        for id in types.ownIDs {
            guard let type = types.type(id), type.kind == .enumeration, type.name.isEmpty else { continue }
            if type.enumerators.contains(where: { $0.name.text == name }) { return .present }
        }
        return .absent
    }

    /// Whether the kernel knows callbacks: functions of the program whose address a helper is given. They came with
    /// for_each_map_elem (5.13).
    var callbacks: Finding {
        guard let profile else { return .notKnown }
        let lasts = profile.facts.helpers.filter { $0.obstacle == nil }.map(\.last)
        guard let last = lasts.max(), last > 0 else { return .notKnown }
        return last >= 164 ? .present : .absent
    }

    /// Whether any kind of program has helpers up to this number.
    func hasHelper(_ number: UInt32) -> Bool {
        profile?.facts.helpers.contains { $0.obstacle == nil && $0.last >= number } == true
    }
}

/// Flags that were looked for: all of the kernel's types are gone through for one.
private final class KnownFlags: Sendable {
    let known = Mutex<[String: Finding]>([:])
}
