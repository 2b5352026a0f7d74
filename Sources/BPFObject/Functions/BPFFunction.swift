// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF
import Instruction

/// A function of an object: an entry point, or one in `.text` that is called by others.
public struct BPFFunction: Sendable {
    /// The section whose functions are no programs of their own.
    static let subprogramSection = ".text"

    public let name: String
    public let section: String
    /// The section's index in the file.
    let sectionIndex: Int
    /// Its first instruction's place in the section, counted in instructions.
    public let start: Int
    /// As they stand in the object: nothing is relocated.
    public let instructions: [BPFInstruction]
    /// The verifier examines it by itself, from 5.6 on: it is visible outside its object, and the kernel is told so. libbpf
    /// says of functions with hidden visibility that they are static, and an object without type information says nothing.
    public internal(set) var isGlobal: Bool
    /// What instructions refer to, in their order; the rest of the instructions refer to nothing.
    public internal(set) var references: [Reference] = []
    /// Its CO-RE relocations, in the order of their instructions.
    public internal(set) var relocations: [PlacedRelocation] = []
    /// Its lines of source, in the order of their instructions.
    var lines: ArraySlice<BTFExtensions.LineRecord> = []

    /// It is in `.text`: it goes to the kernel only behind a program that reaches it.
    public var isSubprogram: Bool { section == Self.subprogramSection }

    /// What an instruction refers to; nil where it refers to nothing.
    public func reference(at instruction: Int) -> Reference? {
        var low = 0
        var high = references.count
        while low < high {
            let middle = (low + high) / 2
            if references[middle].instruction < instruction { low = middle + 1 } else { high = middle }
        }
        return low < references.count && references[low].instruction == instruction ? references[low] : nil
    }

    /// The functions that it calls or takes the address of, in the order of the instructions that do.
    var callees: [Int] {
        references.compactMap { reference in
            switch reference.target {
            case .call(let callee), .functionAddress(let callee): callee
            default: nil
            }
        }
    }

    /// The places in the section that it occupies, in instructions.
    var range: Range<Int> { start..<start + instructions.count }
}

extension BPFFunction {
    /// Every function in every section with instructions, by section and place, as libbpf sorts them.
    static func functions(in file: ELFFile, symbols: [ELFSymbol]) throws(BPFObjectError) -> [BPFFunction] {
        var functions: [BPFFunction] = []
        // Symbols may name the same bytes any number of times; a compiler does so for aliases at most.
        let code = file.sections.filter { $0.isExecutable && $0.type != ELFSection.noBits }
        var budget = code.reduce(0) { $0 &+ $1.size }
        budget = min(max(budget, 0), 1 << 40) * 4
        let sections = file.sections
        for symbol in symbols where symbol.kind == .function {
            guard let index = symbol.sectionIndex, index < sections.count, sections[index].isExecutable else {
                continue
            }
            let section = sections[index]
            guard section.name == subprogramSection || symbol.binding != .local else {
                throw .staticProgram(symbol.name, section: section.name)
            }
            guard symbol.size > 0, symbol.value % BPFInstruction.size == 0, symbol.size % BPFInstruction.size == 0
            else {
                throw .brokenFunction(symbol.name, section: section.name)
            }
            let code = try BPFObjectError.reading { () throws(ELFError) in try file.contents(of: section) }
            guard symbol.value <= code.count, symbol.size <= code.count - symbol.value, symbol.size <= budget else {
                throw .brokenFunction(symbol.name, section: section.name)
            }
            budget -= symbol.size
            let bytes = code.dropFirst(symbol.value).prefix(symbol.size)
            functions.append(
                BPFFunction(
                    name: symbol.name,
                    section: section.name,
                    sectionIndex: index,
                    start: symbol.value / BPFInstruction.size,
                    instructions: BPFInstruction.decode(bytes, order: file.byteOrder),
                    isGlobal: symbol.binding != .local && !symbol.isHidden
                )
            )
        }
        return functions.sorted { ($0.sectionIndex, $0.start) < ($1.sectionIndex, $1.start) }
    }
}

/// Functions sorted by section and place, to be asked what is where.
struct FunctionTable {
    var functions: [BPFFunction]

    /// The positions of a section's functions.
    func positions(section: Int) -> Range<Int> {
        let start = first { $0.sectionIndex >= section }
        let end = first { $0.sectionIndex > section }
        return start..<end
    }

    private func first(where isReached: (BPFFunction) -> Bool) -> Int {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = (low + high) / 2
            if isReached(functions[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The function that an instruction of a section belongs to (`find_prog_by_sec_insn` in libbpf); nil where there is
    /// none: code of a weak function that another overrides stays in its section.
    func index(section: Int, instruction: Int) -> Int? {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = (low + high) / 2
            let function = functions[middle]
            if (function.sectionIndex, function.start) <= (section, instruction) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > 0 else { return nil }
        let candidate = functions[low - 1]
        return candidate.sectionIndex == section && candidate.range.contains(instruction) ? low - 1 : nil
    }
}
