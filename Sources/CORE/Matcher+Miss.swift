// SPDX-License-Identifier: Apache-2.0

import BTF

extension Matcher {
    private static let mostSimilar = 3
    /// No struct of a kernel has half as many members.
    private static let mostNames = 2000

    /// In words, with the object's own for the way that leads there.
    ///
    /// - Parameters:
    ///   - position: how many steps could be taken.
    ///   - candidate: the kernel's type that was matched.
    func miss(_ shortfall: Shortfall, after position: Int, of candidate: UInt32) -> COREMiss {
        let path = local.text(steps: position + 1)
        let accessor = position < local.accessors.count ? local.accessors[position] : nil
        switch shortfall {
        case .otherType: return .otherType(target.spelling(of: candidate))
        case .noEnumerator: return .noEnumerator(accessor?.name?.text ?? "", of: target.spelling(of: candidate))
        case .notArray(let type): return .notArray(path, found: target.spelling(of: type))
        case .shortArray(let count): return .shortArray(path, count: count)
        case .otherMemberType(let type):
            let member = accessor.flatMap { local.types.type($0.type)?.member($0.index) }
            let wanted = member.map { local.types.spelling(of: $0.type) } ?? "?"
            return .otherMemberType(member: path, wanted: wanted, found: target.spelling(of: type))
        case .noMember(let type):
            return noMember(accessor?.name?.text ?? "", path, in: target.resolved(type))
        }
    }

    /// That a struct lacks a member, and which of its members may be the one under another name.
    private func noMember(_ wanted: String, _ path: String, in type: BTFType?) -> COREMiss {
        guard let type else { return .otherType("?") }
        var rest = Self.mostNames
        let names = memberNames(of: type, &rest)
        let same = names.filter { Self.plain($0) == Self.plain(wanted) }
        let similar = same.isEmpty ? names.filter { Self.isSimilar($0, wanted) } : same
        return .noMember(
            wanted,
            path: path,
            of: target.spelling(of: type.id),
            similar: Array(similar.prefix(Self.mostSimilar))
        )
    }

    /// Those of anonymous members too, three deep.
    ///
    /// - Parameter rest: how many members may still be looked at.
    private func memberNames(of type: BTFType, _ rest: inout Int, depth: Int = 0) -> [String] {
        guard type.kind.isComposite else { return [] }
        var names: [String] = []
        for position in 0..<type.length {
            guard rest > 0, let member = type.member(position) else { break }
            rest -= 1
            if !member.name.isEmpty {
                names.append(member.name.text)
            } else if depth < 3, let inner = target.resolved(member.type) {
                names += memberNames(of: inner, &rest, depth: depth + 1)
            }
        }
        return names
    }

    /// Renamed as kernels do it: `state` became `__state`, `nr_running` `h_nr_running`. Only what is sure to look alike counts.
    private static func isSimilar(_ name: String, _ wanted: String) -> Bool {
        let (one, other) = (plain(name), plain(wanted))
        guard one.count >= 3, other.count >= 3 else { return false }
        return one.hasPrefix("\(other)_") || one.hasSuffix("_\(other)") || other.hasPrefix("\(one)_")
            || other.hasSuffix("_\(one)")
    }

    /// Without the underscores around it.
    private static func plain(_ name: String) -> Substring {
        let name = name.drop { $0 == "_" }
        return name.prefix(name.count - name.reversed().prefix { $0 == "_" }.count)
    }
}
