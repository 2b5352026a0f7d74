// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF
import Instruction

/// The maps that libbpf would create for an object, in its order: those of `.maps`, global data, the kernel's configuration,
/// `struct_ops` (`bpf_object__init_maps`).
struct MapReader {
    let file: ELFFile
    let symbols: [ELFSymbol]
    let types: BTFTypes?
    let externs: [BPFExtern]

    /// `ARENA_SEC` in libbpf: where clang puts variables of that address space.
    static let arenaSection = ".addr_space.1"

    func table(functions: FunctionTable) throws(BPFObjectError) -> MapTable {
        guard file.section(named: "maps") == nil else { throw .legacyMaps }
        var table = MapTable()
        try addDeclared(to: &table)
        try checkArenas(of: table)
        var variables = SectionTypes(types)
        addGlobalData(to: &table, &variables)
        addConfiguration(to: &table, &variables)
        // Of sections of the same name types can't tell which is meant.
        var names: Set<String> = []
        for section in file.sections
        where Self.structOps.contains(section.name) && names.insert(section.name).inserted {
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
        var names: Set<String> = []
        for variable in Self.variables(of: ".maps", in: types) {
            guard let type = types.type(variable.type), type.kind == .variable, type.linkage == .global,
                let place = places[type.name.text]
            else { throw .map(types.type(variable.type)?.name.text ?? "", .notGlobal) }
            let name = type.name.text
            guard names.insert(name).inserted else { throw .map(name, .listedTwice) }
            variables.append((name, type.target ?? 0, place))
        }
        variables.sort { $0.place.offset < $1.place.offset }
        var definitions = MapDefinitionReader(types)
        var valuesOffsets: [Int] = []
        for variable in variables {
            guard let structure = types.resolved(variable.type), structure.kind == .structure else {
                throw .map(variable.name, .notAStructure)
            }
            let read: MapDefinitionReader.Read
            do throws(MapDefinitionError) {
                read = try definitions.read(structure)
            } catch {
                throw .map(variable.name, error)
            }
            var map = BPFMap(name: variable.name, origin: .declared, definition: read.definition)
            map.inner = read.inner
            valuesOffsets.append(read.valuesOffset)
            table.declared[MapTable.Place(section: section.index, offset: variable.place.offset)] = table.maps.count
            table.maps.append(map)
        }
        try fillValues(of: &table.maps, at: variables.map(\.place), valuesOffsets, from: section)
    }

    private func checkArenas(of table: MapTable) throws(BPFObjectError) {
        let arenas = table.maps.filter { $0.definition.isArena }
        if arenas.count > 1 { throw .twoArenas(arenas[0].name, arenas[1].name) }
        guard arenas.isEmpty else { return }
        let isData = file.sections.contains {
            $0.name == Self.arenaSection && $0.type == ELFSection.programBits && $0.size > 0
        }
        if isData { throw .noArena }
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

    /// What relocations put into the `values` of maps (`bpf_object__collect_map_relos`): each belongs to the map that it lies in.
    ///
    /// - Parameters:
    ///   - maps: by their places.
    ///   - valuesOffsets: where in each map's variable its `values` begin, if it has some.
    private func fillValues(
        of maps: inout [BPFMap],
        at places: [Place],
        _ valuesOffsets: [Int],
        from section: ELFSection
    ) throws(BPFObjectError) {
        let entries = try BPFObjectError.reading { () throws(ELFError) in try file.relocations(for: section.index) }
        for entry in entries {
            guard let index = Self.index(of: entry.offset, in: places) else { continue }
            let definition = maps[index].definition
            guard definition.holdsMaps || definition.holdsPrograms else { continue }
            let start = places[index].offset + valuesOffsets[index]
            guard entry.offset >= start, (entry.offset - start) % 8 == 0, symbols.indices.contains(entry.symbolIndex)
            else {
                throw .map(maps[index].name, .wrongInitialValue("byte \(entry.offset)"))
            }
            let name = symbols[entry.symbolIndex].name
            maps[index].initialValues.append(
                BPFMap.InitialValue(index: (entry.offset - start) / 8, member: nil, name: name)
            )
        }
    }

    /// Which of several variables, sorted by their places, has a byte of their section; nil where none has.
    private static func index(of offset: Int, in places: [Place]) -> Int? {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0, offset - places[low - 1].offset < places[low - 1].size else { return nil }
        return low - 1
    }

    // MARK: Global data

    private static func isGlobalData(_ section: ELFSection) -> Bool {
        let name = section.name
        let isContents = section.type == ELFSection.programBits && !section.isExecutable
        for prefix in [".data", ".rodata"] where name == prefix || name.hasPrefix(prefix + ".") { return isContents }
        return section.type == ELFSection.noBits && (name == ".bss" || name.hasPrefix(".bss."))
    }

    private func addGlobalData(to table: inout MapTable, _ variables: inout SectionTypes) {
        for section in file.sections where Self.isGlobalData(section) && section.size > 0 {
            var definition = MapDefinition()
            definition.type = Self.array
            definition.keySize = 4
            definition.valueSize = UInt32(clamping: section.size)
            definition.maxEntries = 1
            if section.name.hasPrefix(".rodata") { definition.flags |= MapDefinition.readOnlyForPrograms }
            variables.describe(section.name, &definition)
            table.data[section.index] = table.maps.count
            table.maps.append(BPFMap(name: section.name, origin: .data, definition: definition))
        }
    }

    /// `BPF_MAP_TYPE_ARRAY`
    private static let array: UInt32 = 2

    /// Values in the order that libbpf lays them out: the largest alignment first, then the smallest size.
    private func addConfiguration(to table: inout MapTable, _ variables: inout SectionTypes) {
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
        variables.describe(".kconfig", &definition)
        table.maps.append(BPFMap(name: ".kconfig", origin: .kernelConfiguration, definition: definition))
    }

    // MARK: struct_ops

    static let structOps = [".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link"]
    /// `BPF_MAP_TYPE_STRUCT_OPS`
    private static let structOpsType: UInt32 = 26

    private func addStructOps(
        in section: ELFSection,
        to table: inout MapTable,
        _ functions: FunctionTable
    ) throws(BPFObjectError) {
        guard let types else { throw .noTypes(neededFor: "section '\(section.name)'") }
        let places = places(in: section)
        var tables: [(map: BPFMap, structure: BTFType, place: Place)] = []
        var names: Set<String> = []
        for variable in Self.variables(of: section.name, in: types) {
            guard let type = types.type(variable.type), type.kind == .variable,
                let structure = types.resolved(type.target ?? 0), structure.kind == .structure,
                let size = structure.ownSize
            else { throw .map(types.type(variable.type)?.name.text ?? "", .notAStructure) }
            let name = type.name.text
            guard names.insert(name).inserted else { throw .map(name, .listedTwice) }
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
            tables.append((map, structure, Place(offset: start, size: Int(size))))
        }
        // In the order of the types they become maps; in that of their places relocations find them.
        let order = tables.indices.sorted { tables[$0].place.offset < tables[$1].place.offset }
        let sorted = order.map { tables[$0].place }
        let entries = try BPFObjectError.reading { () throws(ELFError) in try file.relocations(for: section.index) }
        var members: [UInt32: [UInt32: Int]] = [:]
        for entry in entries where symbols.indices.contains(entry.symbolIndex) {
            guard let found = Self.index(of: entry.offset, in: sorted) else { continue }
            let (map, structure, place) = tables[order[found]]
            let symbol = symbols[entry.symbolIndex]
            if members[structure.id] == nil { members[structure.id] = Self.positions(in: structure) }
            guard let offset = UInt32(exactly: (entry.offset - place.offset) * 8),
                let section = symbol.sectionIndex,
                let function = functions.index(section: section, instruction: symbol.value / BPFInstruction.size),
                let position = members[structure.id]?[offset], let member = structure.member(position)
            else { throw .map(map.name, .wrongInitialValue(symbol.name)) }
            tables[order[found]].map.initialValues.append(
                BPFMap.InitialValue(
                    index: position,
                    member: member.name.text,
                    name: functions.functions[function].name
                )
            )
        }
        for index in tables.indices {
            tables[index].map.initialValues.sort { $0.index < $1.index }
            table.maps.append(tables[index].map)
        }
    }

    /// A struct's members by where they are, in bits; of several at one place the first.
    private static func positions(in structure: BTFType) -> [UInt32: Int] {
        let members = (0..<structure.length).compactMap { position in
            structure.member(position).map { ($0.bitOffset, position) }
        }
        return Dictionary(members) { first, _ in first }
    }
}

/// What types say of sections of variables; of each name once, however many sections have it.
private struct SectionTypes {
    private let types: BTFTypes?
    private var known: [String: (id: UInt32, isSeen: Bool)?] = [:]

    init(_ types: BTFTypes?) {
        self.types = types
    }

    /// Sets the map's value's type, and that programs outside may map it, as libbpf does where a variable can be seen outside
    /// (`map_is_mmapable`).
    mutating func describe(_ section: String, _ definition: inout MapDefinition) {
        guard let types else { return }
        if known[section] == nil {
            let found = types.id(named: section, kind: .dataSection).flatMap { types.type($0) }
            known[section] = .some(
                found.map { type in
                    let isSeen = type.variables.contains { variable in
                        types.type(variable.type).map { $0.kind == .variable && $0.linkage != .isStatic } ?? false
                    }
                    return (type.id, isSeen)
                }
            )
        }
        guard let type = known[section] ?? nil else { return }
        definition.valueType = type.id
        if type.isSeen { definition.flags |= MapDefinition.mappable }
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
