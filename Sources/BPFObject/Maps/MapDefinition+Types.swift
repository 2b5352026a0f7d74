// SPDX-License-Identifier: Apache-2.0

import BTF

extension MapDefinition {
    /// Reads the definition that a struct's members are (`parse_btf_map_def` in libbpf): numbers are lengths of arrays that
    /// pointers point to, types are what pointers point to.
    ///
    /// - Returns: The definition, and that of the maps inside, where it has some.
    static func read(
        _ structure: BTFType,
        in types: BTFTypes
    ) throws(MapDefinitionError) -> (MapDefinition, inner: MapDefinition?) {
        try read(structure, in: types, isInner: false)
    }

    private static func read(
        _ structure: BTFType,
        in types: BTFTypes,
        isInner: Bool
    ) throws(MapDefinitionError) -> (MapDefinition, inner: MapDefinition?) {
        var definition = MapDefinition()
        var inner: MapDefinition?
        for position in 0..<structure.length {
            guard let member = structure.member(position) else { break }
            let field = member.name.text
            switch field {
            case "type": definition.type = try number(field, member.type, types)
            case "max_entries": definition.maxEntries = try number(field, member.type, types)
            case "map_flags": definition.flags = try number(field, member.type, types)
            case "numa_node": definition.numaNode = try number(field, member.type, types)
            case "map_extra": definition.extra = try wideNumber(field, member.type, types)
            case "key_size": try set(&definition.keySize, try number(field, member.type, types), "key")
            case "value_size": try set(&definition.valueSize, try number(field, member.type, types), "value")
            case "key":
                definition.keyType = try pointee(field, member.type, types)
                try set(&definition.keySize, try size("key", definition.keyType, types), "key")
            case "value":
                definition.valueType = try pointee(field, member.type, types)
                try set(&definition.valueSize, try size("value", definition.valueType, types), "value")
            case "values":
                guard !isInner else { throw .tooManyLevels }
                guard position == structure.length - 1 else { throw .valuesNotLast }
                guard definition.holdsMaps || definition.holdsPrograms else { throw .valuesOfNothing }
                try set(&definition.valueSize, 4, "value")
                inner = try values(member.type, of: definition, types)
            case "pinning":
                guard !isInner else { throw .unknownField(field) }
                let pinning = try number(field, member.type, types)
                guard pinning <= 1 else { throw .wrongPinning(pinning) }
                definition.isPinned = pinning == 1
            default: throw .unknownField(field)
            }
        }
        guard definition.type != 0 else { throw .noType }
        return (definition, inner)
    }

    private static func set(_ size: inout UInt32, _ value: UInt32, _ field: String) throws(MapDefinitionError) {
        guard size == 0 || size == value else { throw .conflictingSizes(field: field) }
        size = value
    }

    /// `__uint(field, …)`: a pointer to an array of that length.
    private static func number(
        _ field: String,
        _ id: UInt32,
        _ types: BTFTypes
    ) throws(MapDefinitionError) -> UInt32 {
        guard let pointer = types.resolved(id), pointer.kind == .pointer, let target = pointer.target,
            let array = types.type(target)?.array
        else { throw .notANumber(field: field) }
        return array.count
    }

    /// `__ulong(field, …)`: an enumeration with one value; or as `__uint`.
    private static func wideNumber(
        _ field: String,
        _ id: UInt32,
        _ types: BTFTypes
    ) throws(MapDefinitionError) -> UInt64 {
        guard let type = types.resolved(id), type.kind != .pointer else {
            return UInt64(try number(field, id, types))
        }
        guard type.kind.isEnumeration, type.length == 1, let value = type.enumerator(0) else {
            throw .notANumber(field: field)
        }
        return value.value
    }

    /// `__type(field, …)`: a pointer to that type.
    private static func pointee(
        _ field: String,
        _ id: UInt32,
        _ types: BTFTypes
    ) throws(MapDefinitionError) -> UInt32 {
        guard let pointer = types.type(id), pointer.kind == .pointer, let target = pointer.target else {
            throw .notAPointer(field: field)
        }
        return target
    }

    private static func size(
        _ field: String,
        _ id: UInt32,
        _ types: BTFTypes
    ) throws(MapDefinitionError) -> UInt32 {
        guard let size = types.size(of: id) else { throw .noSize(field: field) }
        return size
    }

    /// `__array(values, …)`: an array of unknown length of pointers to maps, or to functions.
    private static func values(
        _ id: UInt32,
        of definition: MapDefinition,
        _ types: BTFTypes
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
        return try read(value, in: types, isInner: true).0
    }
}
