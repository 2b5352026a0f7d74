// SPDX-License-Identifier: Apache-2.0

import BTF

extension Matcher {
    private static let mostSimilar = 3

    /// That a struct lacks a member, and which of its members may be the one under another name.
    func noMember(_ accessor: CORESpecification.Accessor, _ position: Int, in type: BTFType) -> COREMiss {
        let wanted = accessor.name?.text ?? ""
        let similar = memberNames(of: type).filter { Self.isSimilar($0, wanted) }
        return .noMember(
            wanted,
            path: local.text(steps: position + 1),
            of: target.spelling(of: type.id),
            similar: Array(similar.prefix(Self.mostSimilar))
        )
    }

    /// Those of anonymous members too, three deep.
    private func memberNames(of type: BTFType, depth: Int = 0) -> [String] {
        type.members.flatMap { member in
            guard member.name.isEmpty else { return [member.name.text] }
            guard depth < 3, let inner = target.resolved(member.type) else { return [String]() }
            return memberNames(of: inner, depth: depth + 1)
        }
    }

    /// Renamed as kernels do it: `state` became `__state`. Only what is sure to look alike counts.
    private static func isSimilar(_ name: String, _ wanted: String) -> Bool {
        func plain(_ name: String) -> Substring {
            let name = name.drop { $0 == "_" }
            return name.prefix(name.count - name.reversed().prefix { $0 == "_" }.count)
        }
        let (one, other) = (plain(name), plain(wanted))
        guard one.count >= 3, other.count >= 3 else { return false }
        if one == other { return true }
        return one.hasPrefix("\(other)_") || one.hasSuffix("_\(other)") || other.hasPrefix("\(one)_")
            || other.hasSuffix("_\(one)")
    }
}
