// SPDX-License-Identifier: Apache-2.0

import BTF

extension Matcher {
    /// Whether the kernel's type has all that the object's has (`__bpf_core_types_match` in libbpf's relo_core.c): members of the
    /// same names and matching types, integers of the same size and sign, arrays of the same length, values of the same names.
    /// Behind a pointer the name and kind of a struct are enough.
    mutating func typesMatch(
        _ localID: UInt32,
        _ targetID: UInt32,
        isBehindPointer: Bool,
        level: Int
    ) throws(Stop) -> Bool {
        var (localID, targetID, isBehindPointer) = (localID, targetID, isBehindPointer)
        guard level > 0 else { throw .refusal(.malformedTypes) }
        for _ in 0..<Self.deepest {
            try budget.take()
            guard let one = local.types.resolved(localID), let other = target.resolved(targetID) else {
                throw .refusal(.malformedTypes)
            }
            guard Self.namesMatch(one.name, other.name) else { return false }
            switch one.kind {
            case .void: return other.kind == .void
            case .forward: return Self.forward(one, matches: other, isBehindPointer)
            case .enumeration, .enumeration64: return try enumerationsMatch(one, other)
            case .structure, .union:
                if isBehindPointer {
                    if one.kind == other.kind { return true }
                    return other.kind == .forward && other.kindFlag == (one.kind == .union)
                }
                guard one.kind == other.kind else { return false }
                return try compositesMatch(one, other, level: level)
            case .integer:
                return other.kind == .integer && one.ownSize == other.ownSize
                    && one.integer?.isSigned == other.integer?.isSigned
            case .pointer:
                guard other.kind == .pointer else { return false }
                isBehindPointer = true
                (localID, targetID) = (one.target ?? 0, other.target ?? 0)
            case .array:
                guard let mine = one.array, let others = other.array, mine.count == others.count else { return false }
                (localID, targetID) = (mine.element, others.element)
            case .functionPrototype:
                guard other.kind == .functionPrototype, one.length == other.length else { return false }
                for position in 0..<one.length {
                    let mine = one.parameter(position)?.type ?? 0
                    let others = other.parameter(position)?.type ?? 0
                    guard try typesMatch(mine, others, isBehindPointer: isBehindPointer, level: level - 1) else {
                        return false
                    }
                }
                (localID, targetID) = (one.target ?? 0, other.target ?? 0)
            default: return false
            }
        }
        throw .refusal(.malformedTypes)
    }

    /// Neither has a name, or both the same but for flavours.
    private static func namesMatch(_ one: BTFName, _ other: BTFName) -> Bool {
        other.isEmpty ? one.isEmpty : one.isSameEssentially(as: other)
    }

    private static func forward(_ one: BTFType, matches other: BTFType, _ isBehindPointer: Bool) -> Bool {
        if other.kind == .forward { return one.kindFlag == other.kindFlag }
        return isBehindPointer && other.kind == (one.kindFlag ? .union : .structure)
    }

    private mutating func enumerationsMatch(_ one: BTFType, _ other: BTFType) throws(Stop) -> Bool {
        guard other.kind.isEnumeration, one.ownSize == other.ownSize, one.length <= other.length else { return false }
        for enumerator in one.enumerators {
            var isThere = false
            for position in 0..<other.length where !isThere {
                try budget.take()
                isThere = other.enumerator(position).map { Self.namesMatch(enumerator.name, $0.name) } ?? false
            }
            guard isThere else { return false }
        }
        return true
    }

    private mutating func compositesMatch(_ one: BTFType, _ other: BTFType, level: Int) throws(Stop) -> Bool {
        guard one.length <= other.length else { return false }
        for member in one.members {
            var isThere = false
            for position in 0..<other.length where !isThere {
                try budget.take()
                guard let candidate = other.member(position), Self.namesMatch(member.name, candidate.name) else {
                    continue
                }
                isThere = try typesMatch(member.type, candidate.type, isBehindPointer: false, level: level - 1)
            }
            guard isThere else { return false }
        }
        return true
    }
}
