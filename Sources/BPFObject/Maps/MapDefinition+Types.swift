// SPDX-License-Identifier: Apache-2.0

import BTF

/// Reads the definitions that structs' members are (`parse_btf_map_def` in libbpf): numbers are lengths of arrays that
/// pointers point to, types are what pointers point to.
///
/// Each struct is read once, however many maps are made by it.
struct MapDefinitionReader {
    let types: BTFTypes
    private var known: [UInt32: Read] = [:]
    private var knownInner: [UInt32: MapDefinition] = [:]
    /// How many structs were read.
    private(set) var reads = 0

    struct Read {
        let definition: MapDefinition
        /// That of the maps inside, where it has some.
        let inner: MapDefinition?
        /// Where its last field begins, in bytes: `values`, where it has them.
        let valuesOffset: Int
    }

    init(_ types: BTFTypes) {
        self.types = types
    }

    mutating func read(_ structure: BTFType) throws(MapDefinitionError) -> Read {
        if let read = known[structure.id] { return read }
        let (definition, inner) = try members(of: structure, isInner: false)
        let last = structure.member(structure.length - 1).map { Int($0.bitOffset / 8) } ?? 0
        let read = Read(definition: definition, inner: inner, valuesOffset: last)
        known[structure.id] = read
        return read
    }

    private mutating func readInner(_ structure: BTFType) throws(MapDefinitionError) -> MapDefinition {
        if let definition = knownInner[structure.id] { return definition }
        let definition = try members(of: structure, isInner: true).0
        knownInner[structure.id] = definition
        return definition
    }

    private mutating func members(
        of structure: BTFType,
        isInner: Bool
    ) throws(MapDefinitionError) -> (MapDefinition, inner: MapDefinition?) {
        reads += 1
        var definition = MapDefinition()
        var inner: MapDefinition?
        for position in 0..<structure.length {
            guard let member = structure.member(position) else { break }
            let field = member.name.text
            switch field {
            case "type": definition.type = try number(field, member.type)
            case "max_entries": definition.maxEntries = try number(field, member.type)
            case "map_flags": definition.flags = try number(field, member.type)
            case "numa_node": definition.numaNode = try number(field, member.type)
            case "map_extra": definition.extra = try wideNumber(field, member.type)
            case "key_size": try set(&definition.keySize, try number(field, member.type), "key")
            case "value_size": try set(&definition.valueSize, try number(field, member.type), "value")
            case "key":
                definition.keyType = try pointee(field, member.type)
                try set(&definition.keySize, try size("key", definition.keyType), "key")
            case "value":
                definition.valueType = try pointee(field, member.type)
                try set(&definition.valueSize, try size("value", definition.valueType), "value")
            case "values":
                guard !isInner else { throw .tooManyLevels }
                guard position == structure.length - 1 else { throw .valuesNotLast }
                guard definition.holdsMaps || definition.holdsPrograms else { throw .valuesOfNothing }
                try set(&definition.valueSize, 4, "value")
                inner = try values(member.type, of: definition)
            case "pinning":
                guard !isInner else { throw .unknownField(field) }
                let pinning = try number(field, member.type)
                guard pinning <= 1 else { throw .wrongPinning(pinning) }
                definition.isPinned = pinning == 1
            default: throw .unknownField(field)
            }
        }
        guard definition.type != 0 else { throw .noType }
        return (definition, inner)
    }

    private func set(_ size: inout UInt32, _ value: UInt32, _ field: String) throws(MapDefinitionError) {
        guard size == 0 || size == value else { throw .conflictingSizes(field: field) }
        size = value
    }

    /// `__uint(field, …)`: a pointer to an array of that length.
    private func number(
        _ field: String,
        _ id: UInt32
    ) throws(MapDefinitionError) -> UInt32 {
        guard let pointer = types.resolved(id), pointer.kind == .pointer, let target = pointer.target,
            let array = types.type(target)?.array
        else { throw .notANumber(field: field) }
        return array.count
    }

    /// `__ulong(field, …)`: an enumeration with one value; or as `__uint`.
    private func wideNumber(
        _ field: String,
        _ id: UInt32
    ) throws(MapDefinitionError) -> UInt64 {
        guard let type = types.resolved(id), type.kind != .pointer else {
            return UInt64(try number(field, id))
        }
        guard type.kind.isEnumeration, type.length == 1, let value = type.enumerator(0) else {
            throw .notANumber(field: field)
        }
        return value.value
    }

    /// `__type(field, …)`: a pointer to that type.
    private func pointee(
        _ field: String,
        _ id: UInt32
    ) throws(MapDefinitionError) -> UInt32 {
        guard let pointer = types.type(id), pointer.kind == .pointer, let target = pointer.target else {
            throw .notAPointer(field: field)
        }
        return target
    }

    private func size(
        _ field: String,
        _ id: UInt32
    ) throws(MapDefinitionError) -> UInt32 {
        guard let size = types.size(of: id) else { throw .noSize(field: field) }
        return size
    }

    /// `__array(values, …)`: an array of unknown length of pointers to maps, or to functions.
    private mutating func values(
        _ id: UInt32,
        of definition: MapDefinition
    ) throws(MapDefinitionError) -> MapDefinition? {
        guard let array = types.type(id)?.array, array.count == 0,
            let pointer = types.resolved(array.element), pointer.kind == .pointer, let target = pointer.target,
            let value = types.resolved(target)
        else { throw .wrongValues }
        if definition.holdsPrograms {
            guard value.kind == .functionPrototype else { throw .wrongValues }
            return nil
        }
        guard value.kind == .structure else { throw .wrongValues }
        return try readInner(value)
    }
}
