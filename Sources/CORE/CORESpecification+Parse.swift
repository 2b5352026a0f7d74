// SPDX-License-Identifier: Apache-2.0

import BTF

extension CORESpecification {
    /// What a relocation starts from (`bpf_core_parse_spec` in libbpf's relo_core.c).
    public init(_ relocation: CORERelocation) throws(CORERefusal) {
        let types = relocation.types
        guard let kind = relocation.kind else { throw .unknownKind(relocation.kindNumber) }
        guard types.type(relocation.type) != nil else { throw .noSuchType(relocation.type) }
        self.init(types: types, root: relocation.type, kind: kind)
        if kind.subject == .type {
            guard relocation.access == "0" else { throw .malformedAccess(relocation.access) }
            return
        }
        path = try Self.steps(relocation.access)
        guard let root = types.resolved(relocation.type) else { throw .malformedTypes }
        switch kind.subject {
        case .type: break
        case .enumerator:
            guard path.count == 1, let enumerator = root.enumerator(path[0]) else {
                throw .malformedAccess(relocation.access)
            }
            accessors = [Accessor(type: root.id, index: path[0], name: enumerator.name)]
        case .field:
            accessors = [Accessor(type: root.id, index: path[0], name: nil)]
            try add(path[0], of: root.id)
            var next = root.id
            for index in path.dropFirst() { next = try step(to: index, in: next, relocation.access) }
        }
    }

    /// One step on, from a struct to a member or from an array to an element; the type that it leads to.
    private mutating func step(to index: Int, in id: UInt32, _ access: String) throws(CORERefusal) -> UInt32 {
        guard let type = types.resolved(id) else { throw .malformedTypes }
        if type.kind.isComposite {
            guard let member = type.member(index) else { throw .malformedAccess(access) }
            bitOffset &+= member.bitOffset
            if !member.name.isEmpty { accessors.append(Accessor(type: type.id, index: index, name: member.name)) }
            return member.type
        }
        guard let array = type.array, let element = types.resolved(array.element) else {
            throw .malformedAccess(access)
        }
        guard isFlexible(array) || (index >= 0 && index < Int(array.count)) else { throw .malformedAccess(access) }
        accessors.append(Accessor(type: element.id, index: index, name: nil))
        try add(index, of: element.id)
        return element.id
    }

    /// An array of no elements that is a struct's last member has as many as are asked for; the last step leads to it.
    func isFlexible(_ array: BTFArray) -> Bool {
        guard let last = accessors.last, last.name != nil, array.count == 0 else { return false }
        return last.index == (types.type(last.type)?.length ?? 0) - 1
    }

    /// Goes on by so many elements of that type.
    mutating func add(_ elements: Int, of type: UInt32) throws(CORERefusal) {
        guard let size = types.size(of: type) else { throw .malformedTypes }
        // Computed in 64 bits and stored in 32, as libbpf does.
        bitOffset &+= UInt32(truncatingIfNeeded: elements &* Int(size) &* 8)
    }

    private static func steps(_ access: String) throws(CORERefusal) -> [Int] {
        var steps: [Int] = []
        for number in access.split(separator: ":", omittingEmptySubsequences: false) {
            guard let step = Int32(number) else { throw .malformedAccess(access) }
            guard steps.count < longestPath else { throw .tooDeep }
            steps.append(Int(step))
        }
        return steps
    }
}
