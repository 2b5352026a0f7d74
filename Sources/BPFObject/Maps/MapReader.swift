// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF

/// The maps that libbpf would create for an object, in its order: those of `.maps`, global data, the kernel's configuration,
/// `struct_ops` (`bpf_object__init_maps`).
struct MapReader {
    let file: ELFFile
    let symbols: [ELFSymbol]
    let types: BTFTypes?
    let externs: [BPFExtern]

    func table(functions: FunctionTable) throws(BPFObjectError) -> MapTable {
        guard file.section(named: "maps") == nil else { throw .legacyMaps }
        var table = MapTable()
        try addDeclared(to: &table)
        addGlobalData(to: &table)
        addConfiguration(to: &table)
        for section in file.sections where Self.structOps.contains(section.name) {
            try addStructOps(in: section, to: &table, functions)
        }
        return table
    }

    // MARK: Declared maps

    private func addDeclared(to table: inout MapTable) throws(BPFObjectError) {
        guard let section = file.sections.last(where: { $0.name == ".maps" }) else { return }
        guard let types else { throw .noTypes(neededFor: "section '.maps'") }
        let places = places(in: section)
        var variables: [(name: String, type: UInt32, place: Place)] = []
        for variable in Self.variables(of: ".maps", in: types) {
            guard let type = types.type(variable.type), type.kind == .variable, type.linkage == .global,
                let place = places[type.name.text]
            else { throw .map(types.type(variable.type)?.name.text ?? "", .notGlobal) }
            variables.append((type.name.text, type.target ?? 0, place))
        }
        variables.sort { $0.place.offset < $1.place.offset }
        for variable in variables {
            guard let structure = types.resolved(variable.type), structure.kind == .structure else {
                throw .map(variable.name, .notAStructure)
            }
            let definition: MapDefinition
            let inner: MapDefinition?
            do throws(MapDefinitionError) {
                (definition, inner) = try MapDefinition.read(structure, in: types)
            } catch {
                throw .map(variable.name, error)
            }
            var map = BPFMap(name: variable.name, origin: .declared, definition: definition)
            map.inner = inner
            map.initialValues = try initialValues(
                of: variable,
                valuesOffset: structure.members.last.map { Int($0.bitOffset / 8) } ?? 0,
                definition,
                in: section
            )
            table.declared[MapTable.Place(section: section.index, offset: variable.place.offset)] = table.maps.count
            table.maps.append(map)
        }
    }

    /// Where a variable is in its section, in bytes.
    private struct Place {
        let offset: Int
        let size: Int
    }

    /// Global variables of a section by name. BTF has no offsets before a linker has been there; symbols have.
    private func places(in section: ELFSection) -> [String: Place] {
        var places: [String: Place] = [:]
        for symbol in symbols where symbol.sectionIndex == section.index && symbol.binding != .local {
            places[symbol.name] = Place(offset: symbol.value, size: symbol.size)
        }
        return places
    }

    private static func variables(of section: String, in types: BTFTypes) -> [BTFSectionVariable] {
        guard let id = types.id(named: section, kind: .dataSection) else { return [] }
        return types.type(id)?.variables ?? []
    }

    /// What relocations put into the `values` of a map (`bpf_object__collect_map_relos`).
    private func initialValues(
        of variable: (name: String, type: UInt32, place: Place),
        valuesOffset: Int,
        _ definition: MapDefinition,
        in section: ELFSection
    ) throws(BPFObjectError) -> [BPFMap.InitialValue] {
        guard definition.holdsMaps || definition.holdsPrograms,
            let relocations = file.relocationSection(for: section.index)
        else { return [] }
        let start = variable.place.offset + valuesOffset
        let end = variable.place.offset + variable.place.size
        let entries = try BPFObjectError.reading { () throws(ELFError) in try file.relocations(in: relocations) }
        var values: [BPFMap.InitialValue] = []
        for entry in entries where entry.offset >= variable.place.offset && entry.offset < end {
            guard entry.offset >= start, (entry.offset - start) % 8 == 0, symbols.indices.contains(entry.symbolIndex)
            else {
                throw .map(variable.name, .wrongInitialValue("byte \(entry.offset)"))
            }
            let name = symbols[entry.symbolIndex].name
            values.append(BPFMap.InitialValue(index: (entry.offset - start) / 8, member: nil, name: name))
        }
        return values
    }

    // MARK: Global data

    private static func isGlobalData(_ section: ELFSection) -> Bool {
        let name = section.name
        let isContents = section.type == ELFSection.programBits && !section.isExecutable
        for prefix in [".data", ".rodata"] where name == prefix || name.hasPrefix(prefix + ".") { return isContents }
        return section.type == ELFSection.noBits && (name == ".bss" || name.hasPrefix(".bss."))
    }

    private func addGlobalData(to table: inout MapTable) {
        for section in file.sections where Self.isGlobalData(section) && section.size > 0 {
            var definition = MapDefinition()
            definition.type = Self.array
            definition.keySize = 4
            definition.valueSize = UInt32(clamping: section.size)
            definition.maxEntries = 1
            if section.name.hasPrefix(".rodata") { definition.flags |= MapDefinition.readOnlyForPrograms }
            if let types, let id = types.id(named: section.name, kind: .dataSection), let type = types.type(id) {
                definition.valueType = id
                let isSeen = type.variables.contains { variable in
                    types.type(variable.type).map { $0.kind == .variable && $0.linkage != .isStatic } ?? false
                }
                if isSeen { definition.flags |= MapDefinition.mappable }
            }
            table.data[section.index] = table.maps.count
            table.maps.append(BPFMap(name: section.name, origin: .data, definition: definition))
        }
    }

    /// `BPF_MAP_TYPE_ARRAY`
    private static let array: UInt32 = 2

    /// Values in the order that libbpf lays them out: the largest alignment first, then the smallest size.
    private func addConfiguration(to table: inout MapTable) {
        let sizes = externs.compactMap { extern in
            if case .kernelConfiguration(let value) = extern.kind { value.layout } else { nil }
        }
        guard !sizes.isEmpty else { return }
        var end: UInt32 = 0
        for (alignment, size) in sizes.sorted(by: { ($1.alignment, $0.size) < ($0.alignment, $1.size) }) {
            let start = (end &+ (alignment - 1)) & ~(alignment - 1)
            end = start &+ size
        }
        var definition = MapDefinition()
        definition.type = Self.array
        definition.keySize = 4
        definition.valueSize = end
        definition.maxEntries = 1
        definition.flags = MapDefinition.readOnlyForPrograms
        table.maps.append(BPFMap(name: ".kconfig", origin: .kernelConfiguration, definition: definition))
    }

    // MARK: struct_ops

    private static let structOps = [".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link"]
    /// `BPF_MAP_TYPE_STRUCT_OPS`
    private static let structOpsType: UInt32 = 26

    private func addStructOps(
        in section: ELFSection,
        to table: inout MapTable,
        _ functions: FunctionTable
    ) throws(BPFObjectError) {
        guard let types else { throw .noTypes(neededFor: "section '\(section.name)'") }
        let places = places(in: section)
        var relocations: [ELFRelocation] = []
        if let entries = file.relocationSection(for: section.index) {
            relocations = try BPFObjectError.reading { () throws(ELFError) in try file.relocations(in: entries) }
        }
        for variable in Self.variables(of: section.name, in: types) {
            guard let type = types.type(variable.type), type.kind == .variable,
                let structure = types.resolved(type.target ?? 0), structure.kind == .structure,
                let size = structure.ownSize
            else { throw .map(types.type(variable.type)?.name.text ?? "", .notAStructure) }
            let name = type.name.text
            var definition = MapDefinition()
            definition.type = Self.structOpsType
            definition.keySize = 4
            definition.valueSize = size
            definition.valueType = structure.id
            definition.maxEntries = 1
            if section.name.hasSuffix(".link") { definition.flags = MapDefinition.link }
            var map = BPFMap(name: name, origin: .structOps, definition: definition)
            map.isCreated = !section.name.hasPrefix("?")
            // A static variable has no symbol of its own name that others see; its place is then in BTF.
            let start = places[name]?.offset ?? Int(variable.offset)
            for entry in relocations where entry.offset >= start && entry.offset - start < Int(size) {
                guard symbols.indices.contains(entry.symbolIndex) else { continue }
                let symbol = symbols[entry.symbolIndex]
                let offset = UInt64(entry.offset - start) * 8
                guard let section = symbol.sectionIndex,
                    let function = functions.index(section: section, instruction: symbol.value / BPFInstruction.size),
                    let position = structure.members.firstIndex(where: { UInt64($0.bitOffset) == offset })
                else { throw .map(name, .wrongInitialValue(symbol.name)) }
                map.initialValues.append(
                    BPFMap.InitialValue(
                        index: position,
                        member: structure.members[position].name.text,
                        name: functions.functions[function].name
                    )
                )
            }
            map.initialValues.sort { $0.index < $1.index }
            table.maps.append(map)
        }
    }
}

extension BPFExtern.ConfigurationValue {
    /// Bytes that the value takes, and that its address is a multiple of.
    fileprivate var layout: (alignment: UInt32, size: UInt32) {
        switch self {
        case .boolean, .character: (1, 1)
        case .tristate: (4, 4)
        case .integer(let bytes, _): (bytes, bytes)
        case .string(let bytes): (1, bytes)
        }
    }
}
