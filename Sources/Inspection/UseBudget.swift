// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE

/// How much is told of what programs consist of and use. A function that many programs reach is in each of them, and so is each of
/// its uses: without a bound a small object could come to any length.
struct UseBudget {
    /// Bytes, as JSON has them or so. The largest objects that are known, Cilium's, take a quarter of it.
    static let whole = 32 << 20
    /// Names of fields, and numbers.
    private static let frame = 200

    private var left: Int
    /// How many uses, relocations, functions and maps were left out.
    private(set) var leftOut = 0
    private var places: [Instruction: InspectedProgram.Place] = [:]
    private var texts: [RelocationRoot: String] = [:]

    init(_ bytes: Int = Self.whole) {
        left = bytes
    }

    private struct Instruction: Hashable {
        let function: Int
        let place: Int
    }

    private struct RelocationRoot: Hashable {
        let type: UInt32
        let kind: UInt32
        let access: String
    }

    /// Where an instruction of a program comes from; nil where there is no room left.
    mutating func place(of instruction: Int, in linked: LinkedProgram) -> InspectedProgram.Place? {
        guard left > 0 else {
            leftOut += 1
            return nil
        }
        let found: InspectedProgram.Place
        if let part = linked.layout.part(at: instruction) {
            let key = Instruction(function: part.function, place: instruction - part.start)
            if let known = places[key] {
                found = known.numbered(instruction)
            } else {
                found = InspectedProgram.Place(instruction, in: linked)
                places[key] = found
            }
        } else {
            found = InspectedProgram.Place(instruction, in: linked)
        }
        take(found.function, found.file, found.text)
        return found
    }

    /// What a relocation asks for, and where; nil where there is no room left.
    mutating func relocation(
        _ record: BTFExtensions.RelocationRecord,
        at instruction: Int,
        in linked: LinkedProgram
    ) -> InspectedProgram.Relocation? {
        guard let place = place(of: instruction, in: linked) else { return nil }
        let key = RelocationRoot(type: record.type, kind: record.kind, access: record.access.text)
        let types = linked.contents.types
        let text = texts[key] ?? InspectedProgram.Relocation.text(of: record, types: types)
        texts[key] = text
        take(text, key.access)
        return InspectedProgram.Relocation(
            kind: CORERelocationKind(rawValue: record.kind)?.word ?? "kind \(record.kind)",
            text: text,
            access: key.access,
            place: place
        )
    }

    /// Whether there is room for one more name.
    mutating func takes(_ name: String) -> Bool {
        guard left > 0 else {
            leftOut += 1
            return false
        }
        take(name)
        return true
    }

    private mutating func take(_ texts: String?...) {
        left -= texts.reduce(Self.frame) { $0 + ($1?.utf8.count ?? 0) }
    }
}
