// SPDX-License-Identifier: Apache-2.0

import BTF

extension Matcher {
    /// `max recursion depth` in libbpf's relo_core.c.
    static let deepest = 32

    /// Whether a field of one type can be read as the other (`bpf_core_fields_are_compat`): struct and union are the same, all
    /// pointers are, all integers, all floats; of enumerations and declarations the names count, of arrays the elements.
    mutating func fieldsAreCompatible(_ localID: UInt32, _ targetID: UInt32) throws(Stop) -> Bool {
        var (localID, targetID) = (localID, targetID)
        while true {
            try budget.take()
            guard let one = local.types.resolved(localID), let other = target.resolved(targetID) else {
                throw .refusal(.malformedTypes)
            }
            if one.kind.isComposite && other.kind.isComposite { return true }
            guard one.kind.canStand(for: other.kind) else { return false }
            switch one.kind {
            case .pointer, .float: return true
            case .forward, .enumeration, .enumeration64:
                return one.name.isEmpty || other.name.isEmpty || one.name.isSameEssentially(as: other.name)
            case .integer: return one.integer?.bitOffset == 0 && other.integer?.bitOffset == 0
            case .array:
                guard let elements = one.array, let others = other.array else { return false }
                (localID, targetID) = (elements.element, others.element)
            default: return false
            }
        }
    }

    /// Whether types as such can stand for each other (`__bpf_core_types_are_compat`): as above, but that struct and union
    /// are not the same, names never count, and what pointers and functions lead to does.
    mutating func typesAreCompatible(_ localID: UInt32, _ targetID: UInt32, level: Int) throws(Stop) -> Bool {
        var (localID, targetID) = (localID, targetID)
        guard let one = local.types.type(localID), let other = target.type(targetID) else {
            throw .refusal(.malformedTypes)
        }
        guard one.kind.canStand(for: other.kind) else { return false }
        for _ in 0..<Self.deepest {
            try budget.take()
            guard let one = local.types.resolved(localID), let other = target.resolved(targetID) else {
                throw .refusal(.malformedTypes)
            }
            guard one.kind.canStand(for: other.kind) else { return false }
            switch one.kind {
            case .void, .structure, .union, .enumeration, .enumeration64, .forward: return true
            case .integer: return one.integer?.bitOffset == 0 && other.integer?.bitOffset == 0
            case .pointer: (localID, targetID) = (one.target ?? 0, other.target ?? 0)
            case .array: (localID, targetID) = (one.array?.element ?? 0, other.array?.element ?? 0)
            case .functionPrototype:
                guard one.length == other.length else { return false }
                for position in 0..<one.length {
                    guard level > 0 else { throw .refusal(.malformedTypes) }
                    // libbpf compares them without their qualifiers, so that these don't count as kinds.
                    let mine = local.types.resolved(one.parameter(position)?.type ?? 0)
                    let others = target.resolved(other.parameter(position)?.type ?? 0)
                    guard let mine, let others else { throw .refusal(.malformedTypes) }
                    guard try typesAreCompatible(mine.id, others.id, level: level - 1) else { return false }
                }
                (localID, targetID) = (one.target ?? 0, other.target ?? 0)
            default: return false
            }
        }
        throw .refusal(.malformedTypes)
    }
}
