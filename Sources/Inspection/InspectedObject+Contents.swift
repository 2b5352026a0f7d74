// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF

extension InspectedObject {
    /// - Parameter sha256: of the object's bytes.
    public init(
        _ contents: ObjectContents,
        name: String,
        path: String,
        sha256: String,
        bytes: Int
    ) throws(BPFObjectError) {
        let programs = try contents.linkedPrograms()
        var budget = UseBudget()
        let reached = Set(programs.flatMap { $0.layout.parts.map(\.function) })
        self.init(
            name: name,
            path: path,
            sha256: sha256,
            bytes: bytes,
            byteOrder: contents.byteOrder == .littleEndian ? "little-endian" : "big-endian",
            license: contents.license,
            types: contents.types.map { $0.ownIDs.count },
            damage: contents.damage.map { "\($0)" },
            programs: programs.map { InspectedProgram($0, &budget) },
            maps: contents.maps.map { InspectedMap($0, types: contents.types) },
            externs: contents.externs.map { InspectedExtern($0, types: contents.types) },
            unreached: contents.functions.indices.filter { !reached.contains($0) }.map { contents.functions[$0].name }
        )
    }
}

extension InspectedMap {
    init(_ map: BPFMap, types: BTFTypes?) {
        let definition = map.definition
        // What a section of variables holds is a list, and not a type.
        func spelling(_ id: UInt32) -> String? {
            guard id != 0, let types, types.type(id)?.kind != .dataSection else { return nil }
            return types.spelling(of: id)
        }
        self.init(
            name: map.name,
            origin: map.origin.word,
            type: definition.typeName,
            keySize: definition.keySize,
            valueSize: definition.valueSize,
            keyType: spelling(definition.keyType),
            valueType: spelling(definition.valueType),
            maxEntries: definition.maxEntries,
            flags: definition.flagNames,
            extra: definition.extra == 0 ? nil : definition.extra,
            numaNode: definition.numaNode == 0 ? nil : definition.numaNode,
            isPinned: definition.isPinned,
            isCreated: map.isCreated,
            inner: map.inner.map { inner in
                Inner(
                    type: inner.typeName,
                    keySize: inner.keySize,
                    valueSize: inner.valueSize,
                    maxEntries: inner.maxEntries,
                    flags: inner.flagNames
                )
            },
            initialValues: map.initialValues.map { InitialValue(index: $0.index, member: $0.member, name: $0.name) }
        )
    }
}

extension BPFMap.Origin {
    fileprivate var word: String {
        switch self {
        case .declared: "declared"
        case .data: "data"
        case .kernelConfiguration: "configuration"
        case .structOps: "structOps"
        }
    }
}

extension InspectedExtern {
    init(_ extern: BPFExtern, types: BTFTypes?) {
        let kind =
            switch extern.kind {
            case .kernelConfiguration: "configuration"
            case .typedVariable: "variable"
            case .symbol: "symbol"
            case .function: "function"
            }
        let type = types?.type(extern.type)?.target
        self.init(
            name: extern.name,
            kind: kind,
            isWeak: extern.isWeak,
            declaration: type.flatMap { types?.spelling(of: $0, declaring: extern.name) } ?? extern.name
        )
    }
}
