// SPDX-License-Identifier: Apache-2.0

import BTF

/// Holds what an object asks for against one of the kernel's types (`bpf_core_spec_match` in libbpf's relo_core.c).
struct Matcher {
    let local: CORESpecification
    let target: BTFTypes
    var budget: Budget

    /// How many types and members may still be looked at. libbpf has no such limit; types as compilers make them stay far below
    /// it, and others could be made that take for ever.
    struct Budget {
        /// For one of the kernel's types: a hundred times what the largest struct takes.
        static let candidate = 500_000
        /// For all relocations of an object: those of libbpf-tools take some thousands.
        static let object = 20_000_000

        private(set) var rest: Int

        mutating func take(_ count: Int = 1) throws(Stop) {
            guard rest >= count else { throw .exhausted }
            rest -= count
        }
    }

    /// Why matching ends without an answer.
    enum Stop: Error {
        case refusal(CORERefusal)
        case exhausted
    }

    enum Result {
        case match(CORESpecification)
        /// How many steps could be taken, and why no more.
        case miss(after: Int, Shortfall)
    }

    /// Why a type does not match; `miss(_:after:of:)` puts it into words.
    enum Shortfall {
        case otherType
        case noEnumerator
        /// The struct without the member.
        case noMember(in: UInt32)
        /// The member's type.
        case otherMemberType(UInt32)
        case notArray(UInt32)
        case shortArray(count: UInt32)
    }

    mutating func match(_ candidate: UInt32) throws(Stop) -> Result {
        try budget.take()
        switch local.kind.subject {
        case .type:
            let matches =
                local.kind == .typeMatches
                ? try typesMatch(local.root, candidate, isBehindPointer: false, level: Self.deepest)
                : try typesAreCompatible(local.root, candidate, level: Self.deepest)
            guard matches else { return .miss(after: 0, .otherType) }
            return .match(CORESpecification(types: target, root: candidate, kind: local.kind))
        case .enumerator: return try matchEnumerator(candidate)
        case .field: return try matchField(candidate)
        }
    }

    private mutating func matchEnumerator(_ candidate: UInt32) throws(Stop) -> Result {
        guard let wanted = local.accessors.first?.name, let type = target.resolved(candidate), type.kind.isEnumeration
        else { return .miss(after: 0, .otherType) }
        for position in 0..<type.length {
            try budget.take()
            guard let enumerator = type.enumerator(position), enumerator.name.isSameEssentially(as: wanted) else {
                continue
            }
            var found = CORESpecification(types: target, root: candidate, kind: local.kind)
            found.accessors = [.init(type: type.id, index: position, name: enumerator.name)]
            found.path = [position]
            return .match(found)
        }
        return .miss(after: 0, .noEnumerator)
    }

    private mutating func matchField(_ candidate: UInt32) throws(Stop) -> Result {
        var found = CORESpecification(types: target, root: candidate, kind: local.kind)
        var next = candidate
        for (position, accessor) in local.accessors.enumerated() {
            guard let type = target.resolved(next) else { throw .refusal(.malformedTypes) }
            if accessor.name != nil {
                switch try matchMember(accessor, in: type.id, &found) {
                case .found(let member): next = member
                case .incompatible(let member): return .miss(after: position, .otherMemberType(member))
                case .absent: return .miss(after: position, .noMember(in: type.id))
                }
                continue
            }
            if position > 0 {
                guard let array = type.array else {
                    return .miss(after: position, .notArray(type.id))
                }
                guard found.isFlexible(array) || UInt32(truncatingIfNeeded: accessor.index) < array.count else {
                    return .miss(after: position, .shortArray(count: array.count))
                }
                guard let element = target.resolved(array.element) else { throw .refusal(.malformedTypes) }
                next = element.id
            } else {
                next = type.id
            }
            guard found.path.count < CORESpecification.longestPath else { throw .refusal(.tooDeep) }
            found.accessors.append(.init(type: next, index: accessor.index, name: nil))
            found.path.append(accessor.index)
            do throws(CORERefusal) { try found.add(accessor.index, of: next) } catch { throw .refusal(error) }
        }
        return .match(found)
    }

    private enum MemberSearch {
        /// The member's type.
        case found(UInt32)
        case incompatible(UInt32)
        case absent
    }

    /// Looks for a member of that name, in anonymous structs and unions too; as deep as a path may be long.
    private mutating func matchMember(
        _ wanted: CORESpecification.Accessor,
        in id: UInt32,
        _ found: inout CORESpecification
    ) throws(Stop) -> MemberSearch {
        guard let type = target.resolved(id) else { throw .refusal(.malformedTypes) }
        guard type.kind.isComposite else { return .absent }
        guard let local = local.types.type(wanted.type)?.member(wanted.index) else { throw .refusal(.malformedTypes) }
        var incompatible: UInt32?
        for position in 0..<type.length {
            guard let member = type.member(position) else { break }
            try budget.take()
            guard found.path.count < CORESpecification.longestPath else { throw .refusal(.tooDeep) }
            if member.name.isEmpty {
                let (bitOffset, depth) = (found.bitOffset, found.path.count)
                found.bitOffset &+= member.bitOffset
                found.path.append(position)
                switch try matchMember(wanted, in: member.type, &found) {
                case .found(let next): return .found(next)
                case .incompatible(let other): incompatible = other
                case .absent: break
                }
                found.bitOffset = bitOffset
                found.path.removeLast(found.path.count - depth)
            } else if local.name.isSame(as: member.name) {
                guard try fieldsAreCompatible(local.type, member.type) else { return .incompatible(member.type) }
                found.bitOffset &+= member.bitOffset
                found.path.append(position)
                found.accessors.append(.init(type: type.id, index: position, name: member.name))
                return .found(member.type)
            }
        }
        return incompatible.map { .incompatible($0) } ?? .absent
    }
}
