// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader
import ELF

/// All that a BPF object holds, as libbpf 1.7 understands it: functions and what they refer to, maps, what is expected of
/// the kernel, types, lines of source.
///
/// `BPFObject` tells what must be known of any object under test; reading all of one asks more of it: what libbpf would
/// refuse to open is an error here.
public struct ObjectContents: Sendable {
    public let byteOrder: ByteOrder
    public let license: String?
    /// Entry points, as `BPFObject` has them.
    public let programs: [BPFProgram]
    /// Every function, entry points included, by section and place.
    public let functions: [BPFFunction]
    /// In libbpf's order: declared ones, global data, the kernel's configuration, `struct_ops`.
    public let maps: [BPFMap]
    /// In the order of the object's symbols.
    public let externs: [BPFExtern]
    /// CO-RE relocations in the order in which libbpf goes through them, which can decide what one comes to. It leaves out
    /// those of programs that are not loaded.
    public let relocations: [ObjectRelocation]
    /// nil where the object has no BTF, or none that can be used.
    public let types: BTFTypes?
    /// Type information that is damaged and that libbpf does without.
    public let damage: Damage?

    /// What libbpf ignores where nothing in the object needs it (`bpf_object__init_btf`).
    public enum Damage: Sendable, Hashable, CustomStringConvertible {
        /// `.BTF`, and with it `.BTF.ext`.
        case types(BTFError)
        /// `.BTF.ext`: there are neither lines of source nor CO-RE relocations.
        case extensions(BTFError)

        public var description: String {
            switch self {
            case .types(let error): "damaged BTF, which libbpf ignores here: \(error)"
            case .extensions(let error): "damaged .BTF.ext, which libbpf ignores here: \(error)"
            }
        }
    }

    /// How many instructions all programs may have together, those of functions counted each time that one reaches them. A
    /// kernel takes a million for one program (`BPF_COMPLEXITY_LIMIT_INSNS`).
    static let instructionLimit = 1 << 24

    /// Which of the maps is the arena; nil where none is.
    let arena: Int?
    private let programFunctions: [Int: Int]
    private let exceptionCallbacks: [String: String]
    private let globalSubprograms: [String: Int]

    public init(_ bytes: [UInt8]) throws(BPFObjectError) {
        try self.init(bytes[...])
    }

    public init(_ bytes: ArraySlice<UInt8>) throws(BPFObjectError) {
        let object = try BPFObject(bytes, needsPrograms: false)
        let file: ELFFile
        let symbols: [ELFSymbol]
        do throws(ELFError) {
            file = try ELFFile(bytes)
            symbols = try file.symbols()
        } catch {
            throw BPFObjectError(error)
        }
        byteOrder = file.byteOrder
        license = object.license
        programs = object.programs
        var damage: Damage?
        types = try Self.types(in: file, symbols: symbols, &damage)
        let (externs, externsBySymbol) = try ExternReader(symbols: symbols, types: types).externs()
        self.externs = externs
        var table = FunctionTable(functions: try BPFFunction.functions(in: file, symbols: symbols))
        let mapTable = try MapReader(file: file, symbols: symbols, types: types, externs: externs)
            .table(functions: table)
        maps = mapTable.maps
        arena = mapTable.maps.firstIndex { $0.definition.isArena }
        let references = try ReferenceReader(
            file: file,
            symbols: symbols,
            maps: mapTable,
            externs: externsBySymbol,
            table: table
        ).references()
        for index in table.functions.indices { table.functions[index].references = references[index] }
        let extensions = try types.flatMap { types throws(BPFObjectError) in
            try Self.extensions(in: file, types: types, &damage)
        }
        self.damage = damage
        if let types, let extensions {
            let reader = ExtensionReader(extensions, types: types, sections: file.sections)
            reader.fillLines(&table)
            relocations = try reader.relocations(table)
        } else {
            relocations = []
        }
        if extensions?.functions.isEmpty != false {
            for index in table.functions.indices { table.functions[index].isGlobal = false }
        }
        for relocation in relocations {
            table.functions[relocation.function].relocations.append(relocation.relocation)
        }
        for index in table.functions.indices {
            table.functions[index].relocations.sort { $0.instruction < $1.instruction }
        }
        functions = table.functions
        programFunctions = Self.programFunctions(programs, in: functions)
        exceptionCallbacks = types.map(Self.exceptionCallbacks) ?? [:]
        globalSubprograms = Dictionary(
            table.functions.enumerated().filter { $0.element.isSubprogram && $0.element.isGlobal }
                .map { ($0.element.name, $0.offset) }
        ) { first, _ in first }
    }

    /// Checked as libbpf checks them when it opens an object; nil where there are none, or where they are damaged and nothing
    /// needs them.
    private static func types(
        in file: ELFFile,
        symbols: [ELFSymbol],
        _ damage: inout Damage?
    ) throws(BPFObjectError) -> BTFTypes? {
        guard let section = file.section(named: ".BTF") else { return nil }
        let bytes = try BPFObjectError.reading { () throws(ELFError) in try file.contents(of: section) }
        do throws(BTFError) {
            let types = try BTFTypes(bytes)
            try types.validate()
            return types
        } catch {
            let hasExterns = symbols.contains { $0.isExtern && !$0.name.isEmpty }
            guard !needsTypes(file), !hasExterns else { throw .types(error) }
            damage = .types(error)
            return nil
        }
    }

    private static func extensions(
        in file: ELFFile,
        types: BTFTypes,
        _ damage: inout Damage?
    ) throws(BPFObjectError) -> BTFExtensions? {
        guard let section = file.section(named: ".BTF.ext") else { return nil }
        let bytes = try BPFObjectError.reading { () throws(ELFError) in try file.contents(of: section) }
        do throws(BTFError) {
            return try BTFExtensions(bytes, types: types)
        } catch {
            // It says that it ignores it, and does so only where no types are needed.
            guard !needsTypes(file) else { throw .types(error) }
            damage = .extensions(error)
            return nil
        }
    }

    /// `libbpf_needs_btf`, which is asked before externs are counted.
    private static func needsTypes(_ file: ELFFile) -> Bool {
        file.sections.contains { $0.name == ".maps" || MapReader.structOps.contains($0.name) }
    }

    /// Which function each program is, by the program's position.
    private static func programFunctions(_ programs: [BPFProgram], in functions: [BPFFunction]) -> [Int: Int] {
        var entries: [String: Int] = [:]
        for (index, function) in functions.enumerated() where !function.isSubprogram { entries[function.name] = index }
        var found: [Int: Int] = [:]
        for (position, program) in programs.enumerated() { found[position] = entries[program.name] }
        return found
    }

    private static func exceptionCallbacks(in types: BTFTypes) -> [String: String] {
        let prefix = "exception_callback:"
        var callbacks: [String: String] = [:]
        for id in types.ownIDs {
            guard let tag = types.type(id), tag.kind == .declarationTag, tag.component == nil,
                let function = types.type(tag.target ?? 0), function.kind == .function
            else { continue }
            let text = tag.name.text
            if text.hasPrefix(prefix) { callbacks[function.name.text] = String(text.dropFirst(prefix.count)) }
        }
        return callbacks
    }

    /// The program of that name, with all that it reaches; nil where there is none.
    public func program(named name: String) throws(BPFObjectError) -> LinkedProgram? {
        guard let position = programs.firstIndex(where: { $0.name == name }) else { return nil }
        return try linked(position)
    }

    /// Every program with all that it reaches, in the order of `programs`.
    public func linkedPrograms() throws(BPFObjectError) -> [LinkedProgram] {
        try linkedPrograms(within: Self.instructionLimit)
    }

    func linkedPrograms(within instructions: Int) throws(BPFObjectError) -> [LinkedProgram] {
        var linked: [LinkedProgram] = []
        var budget = instructions
        for position in programs.indices {
            let program = try self.linked(position)
            budget -= program.layout.instructionCount
            guard budget >= 0 else { throw .tooManyInstructions(program: program.program.name) }
            linked.append(program)
        }
        return linked
    }

    private func linked(_ position: Int) throws(BPFObjectError) -> LinkedProgram {
        let program = programs[position]
        guard let function = programFunctions[position] else {
            throw .brokenFunction(program.name, section: program.section)
        }
        let callback = exceptionCallbacks[program.name].flatMap { globalSubprograms[$0] }
        let layout = try FunctionTable(functions: functions).layout(of: function, exceptionCallback: callback)
        return LinkedProgram(program: program, layout: layout, contents: self)
    }
}
