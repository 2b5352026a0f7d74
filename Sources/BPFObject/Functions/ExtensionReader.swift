// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF
import Instruction

/// An instruction that CO-RE changes for each kernel.
public struct PlacedRelocation: Sendable {
    /// The instruction's place in its function.
    public let instruction: Int
    /// What is asked of the kernel's types; its offset counts bytes from the section's beginning.
    public let record: BTFExtensions.RelocationRecord
}

/// One of an object's CO-RE relocations.
public struct ObjectRelocation: Sendable {
    /// Index in the object's `functions`.
    public let function: Int
    public let relocation: PlacedRelocation
}

/// Gives each function its lines and relocations out of `.BTF.ext`, which has them by section.
struct ExtensionReader {
    private let extensions: BTFExtensions
    private let sections: [String: Int]
    private let types: BTFTypes

    init(_ extensions: BTFExtensions, types: BTFTypes, sections: [ELFSection]) {
        self.extensions = extensions
        self.types = types
        self.sections = Dictionary(sections.map { ($0.name, $0.index) }) { first, _ in first }
    }

    func fillLines(_ table: inout FunctionTable) {
        // Of several lists for one section the last counts; functions are gone through once.
        var last: [Int: Int] = [:]
        for (position, section) in extensions.lines.enumerated() {
            if let index = sections[section.name.text] { last[index] = position }
        }
        for (index, position) in last {
            let section = extensions.lines[position]
            let records = Self.sorted(section.records, by: \.instructionOffset)
            for position in table.positions(section: index) {
                table.functions[position].lines = Self.records(
                    records,
                    by: \.instructionOffset,
                    of: table.functions[position]
                )
            }
        }
    }

    /// The relocations in the order of the object, each with the function that it belongs to; those of code that belongs to no
    /// function are left out, as libbpf does (`bpf_object__relocate_core`).
    func relocations(_ table: FunctionTable) throws(BPFObjectError) -> [ObjectRelocation] {
        var relocations: [ObjectRelocation] = []
        for section in extensions.relocations {
            let name = section.name.text
            guard !name.isEmpty else { throw .brokenCORERelocation(section: name, offset: 0) }
            let sectionIndex = sections[name]
            let isOptional = name.hasPrefix("?")
            for record in section.records {
                let offset = Int(record.instructionOffset)
                guard offset % BPFInstruction.size == 0 else {
                    throw .brokenCORERelocation(section: name, offset: offset)
                }
                let place = offset / BPFInstruction.size
                guard let sectionIndex, let function = table.index(section: sectionIndex, instruction: place) else {
                    continue
                }
                // libbpf looks no further at those of programs that are left out.
                guard types.type(record.type) != nil && record.access.isThere || isOptional else {
                    throw .brokenCORERelocation(section: name, offset: offset)
                }
                let instruction = place - table.functions[function].start
                let placed = PlacedRelocation(instruction: instruction, record: record)
                relocations.append(ObjectRelocation(function: function, relocation: placed))
            }
        }
        return relocations
    }

    /// As a compiler writes them they are in order already; what is not keeps its order among equals.
    private static func sorted<Record>(_ records: [Record], by offset: KeyPath<Record, UInt32>) -> [Record] {
        let isSorted = zip(records, records.dropFirst()).allSatisfy { $0[keyPath: offset] <= $1[keyPath: offset] }
        return isSorted ? records : records.sorted { $0[keyPath: offset] < $1[keyPath: offset] }
    }

    /// Those of a function's instructions.
    private static func records<Record>(
        _ records: [Record],
        by offset: KeyPath<Record, UInt32>,
        of function: BPFFunction
    ) -> ArraySlice<Record> {
        let range = function.range
        let start = first(in: records, by: offset, atLeast: range.lowerBound * BPFInstruction.size)
        let end = first(in: records, by: offset, atLeast: range.upperBound * BPFInstruction.size)
        return records[start..<end]
    }

    private static func first<Record>(
        in records: [Record],
        by offset: KeyPath<Record, UInt32>,
        atLeast bound: Int
    ) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if Int(records[middle][keyPath: offset]) < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
