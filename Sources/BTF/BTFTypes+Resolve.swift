// SPDX-License-Identifier: Apache-2.0

extension BTFTypes {
    /// How many qualifiers and typedefs may stand before a type; the kernel takes 32 (`MAX_RESOLVE_DEPTH` in kernel/bpf/btf.c).
    /// A circle of them, which no compiler makes, ends there.
    private static let longestChain = 256
    /// `MAX_RESOLVE_DEPTH` in libbpf's btf.c.
    private static let deepestSize = 32

    /// The type behind qualifiers, type tags and typedefs; nil where it is not there, or they never end.
    public func resolved(_ id: UInt32) -> BTFType? {
        var next = id
        for _ in 0..<Self.longestChain {
            guard let type = type(next) else { return nil }
            guard type.kind.isModifier || type.kind == .typedef else { return type }
            next = type.sizeOrType
        }
        return nil
    }

    /// Bytes that a value of the type takes (`btf__resolve_size` in libbpf's btf.c); nil for what has no size (`void`, a function,
    /// something that is only declared) and for more than 32 bits can count.
    public func size(of id: UInt32) -> UInt32? {
        var next = id
        var elements: UInt32 = 1
        for _ in 0..<Self.deepestSize {
            guard let type = type(next), type.kind != .void else { return nil }
            var size: UInt32?
            switch type.kind {
            case .integer, .structure, .union, .enumeration, .enumeration64, .dataSection, .float:
                size = type.sizeOrType
            case .pointer: size = pointerSize
            case .typedef, .volatile, .const, .restrict, .variable, .declarationTag, .typeTag: next = type.sizeOrType
            case .array:
                guard let array = type.array else { return nil }
                let (product, overflows) = elements.multipliedReportingOverflow(by: array.count)
                guard !overflows else { return nil }
                elements = product
                next = array.element
            case .void, .forward, .function, .functionPrototype: return nil
            }
            if let size {
                let (product, overflows) = elements.multipliedReportingOverflow(by: size)
                return overflows ? nil : product
            }
        }
        return nil
    }

    /// Checks what opening does not: that every name and every type that something refers to is there (`btf_sanity_check` in
    /// libbpf's btf.c). An object of which this does not hold can't be loaded.
    public func validate() throws(BTFError) {
        for id in ownIDs {
            guard let type = type(id) else { throw .noSuchType(id, of: id) }
            try validate(type)
        }
    }

    private func validate(_ type: BTFType) throws(BTFError) {
        try validate(type.name, of: type.id)
        if let target = type.target { try validate(target, of: type.id) }
        if let array = type.array {
            try validate(array.element, of: type.id)
            try validate(array.index, of: type.id)
        }
        for position in 0..<type.length {
            if let member = type.member(position) {
                try validate(member.name, of: type.id)
                try validate(member.type, of: type.id)
            } else if let enumerator = type.enumerator(position) {
                try validate(enumerator.name, of: type.id)
            } else if let parameter = type.parameter(position) {
                try validate(parameter.name, of: type.id)
                try validate(parameter.type, of: type.id)
            } else if let variable = type.variable(position) {
                try validate(variable.type, of: type.id)
            } else {
                // The length is something else: a function's linkage.
                break
            }
        }
        if type.kind == .function, let target = type.target, self.type(target)?.kind != .functionPrototype {
            throw .noSuchType(target, of: type.id)
        }
    }

    private func validate(_ name: BTFName, of id: UInt32) throws(BTFError) {
        guard name.number == 0 || hasString(at: name.number) else { throw .noSuchName(offset: name.number, of: id) }
    }

    private func validate(_ target: UInt32, of id: UInt32) throws(BTFError) {
        guard target < storage.endID else { throw .noSuchType(target, of: id) }
    }
}
