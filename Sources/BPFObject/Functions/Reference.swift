// SPDX-License-Identifier: Apache-2.0

import ELF
import Instruction

/// What an instruction refers to: an ELF relocation, and what libbpf understands by it (`bpf_program__record_reloc`).
public struct Reference: Sendable, Hashable {
    /// The instruction's place in its function.
    public let instruction: Int
    public let target: Target

    public enum Target: Sendable, Hashable {
        /// A map: index in the object's `maps`.
        case map(Int)
        /// A global variable: index of the map of its section in the object's `maps`, and the offset in it, in bytes.
        case data(map: Int, offset: Int)
        /// A global variable in the object's arena, in bytes from the first of them.
        case arena(offset: Int)
        /// A call of a function of the object: index in its `functions`.
        case call(Int)
        /// The address of a function of the object, a callback: index in its `functions`.
        case functionAddress(Int)
        /// A variable of the kernel, or a value of its configuration: index in the object's `externs`.
        case externVariable(Int)
        /// A call of a function of the kernel: index in the object's `externs`.
        case kernelFunction(Int)
        /// The places that a jump table leads to.
        case jumpTable
    }
}

/// From relocations to references.
struct ReferenceReader {
    let file: ELFFile
    let symbols: [ELFSymbol]
    let maps: MapTable
    let externs: [Int: Int]
    let table: FunctionTable

    /// The references of every function, by the function's index.
    func references() throws(BPFObjectError) -> [[Reference]] {
        var references = [[Reference]](repeating: [], count: table.functions.count)
        for section in file.sections where section.isExecutable {
            let entries = try BPFObjectError.reading { () throws(ELFError) in
                try file.relocations(for: section.index)
            }
            for entry in entries {
                guard entry.offset % BPFInstruction.size == 0, entry.offset < section.size,
                    symbols.indices.contains(entry.symbolIndex)
                else { throw .brokenRelocation(section: section.name, offset: entry.offset) }
                let place = entry.offset / BPFInstruction.size
                guard let index = table.index(section: section.index, instruction: place) else { continue }
                let function = table.functions[index]
                let instruction = place - function.start
                let target = try target(
                    of: function.instructions[instruction],
                    symbol: symbols[entry.symbolIndex],
                    at: entry.symbolIndex,
                    in: function
                )
                references[index].append(Reference(instruction: instruction, target: target))
            }
        }
        for index in references.indices {
            references[index].sort { $0.instruction < $1.instruction }
            // No compiler does so, and what it would mean differs from loader to loader.
            for (one, next) in zip(references[index], references[index].dropFirst())
            where one.instruction == next.instruction {
                throw .relocatedTwice(function: table.functions[index].name, instruction: one.instruction)
            }
        }
        try addCalls(to: &references)
        for index in references.indices { references[index].sort { $0.instruction < $1.instruction } }
        return references
    }

    /// A call within `.text` needs no relocation: it counts instructions from its own place.
    private func addCalls(to references: inout [[Reference]]) throws(BPFObjectError) {
        guard let text = file.sections.last(where: { $0.isExecutable && $0.name == BPFFunction.subprogramSection })
        else { return }
        for (index, function) in table.functions.enumerated() {
            let relocated = Set(references[index].map(\.instruction))
            for (place, instruction) in function.instructions.enumerated() {
                guard instruction.isProgramCall, !relocated.contains(place) else { continue }
                let target = function.start + place + Int(instruction.immediate) + 1
                guard let callee = table.index(section: text.index, instruction: target) else {
                    throw .noSuchFunction(caller: function.name, section: text.name, instruction: target)
                }
                references[index].append(Reference(instruction: place, target: .call(callee)))
            }
        }
    }

    private func target(
        of instruction: BPFInstruction,
        symbol: ELFSymbol,
        at index: Int,
        in function: BPFFunction
    ) throws(BPFObjectError) -> Reference.Target {
        let isCall = instruction.code == BPFInstruction.callCode
        guard isCall || instruction.isWideLoad else {
            throw .unexpectedReference(function: function.name, to: name(of: symbol))
        }
        if symbol.isExtern {
            guard let extern = externs[index] else {
                throw .unexpectedReference(function: function.name, to: name(of: symbol))
            }
            return isCall ? .kernelFunction(extern) : .externVariable(extern)
        }
        guard let section = symbol.sectionIndex, file.sections.indices.contains(section) else {
            throw .unexpectedReference(function: function.name, to: name(of: symbol))
        }
        if file.sections[section].name == BPFFunction.subprogramSection {
            let place: Int
            if isCall {
                place = symbol.value / BPFInstruction.size + Int(instruction.immediate) + 1
            } else {
                place = (symbol.value + Int(instruction.immediate)) / BPFInstruction.size
            }
            guard let callee = table.index(section: section, instruction: place) else {
                throw .noSuchFunction(caller: function.name, section: file.sections[section].name, instruction: place)
            }
            return isCall ? .call(callee) : .functionAddress(callee)
        }
        guard !isCall else { throw .unexpectedReference(function: function.name, to: name(of: symbol)) }
        switch file.sections[section].name {
        case MapReader.arenaSection: return .arena(offset: symbol.value + Int(instruction.immediate))
        case ".jumptables": return .jumpTable
        default: break
        }
        if let map = maps.map(section: section, offset: symbol.value) { return .map(map) }
        if let map = maps.dataMap(section: section) {
            // A variable of the file's own is named by its section; then its place is in the instruction.
            return .data(map: map, offset: symbol.value + Int(instruction.immediate))
        }
        throw .unexpectedReference(function: function.name, to: name(of: symbol))
    }

    private func name(of symbol: ELFSymbol) -> String {
        guard symbol.name.isEmpty, let section = symbol.sectionIndex, file.sections.indices.contains(section) else {
            return symbol.name
        }
        return file.sections[section].name
    }
}

extension ELFSymbol {
    /// libbpf's `sym_is_extern`: undefined, global or weak, of no type.
    var isExtern: Bool { isUndefined && kind == ELFSymbol.Kind.none && (binding == .global || binding == .weak) }
}
