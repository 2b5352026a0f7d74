// SPDX-License-Identifier: Apache-2.0

import BTF
import Instruction

/// A place in the source that an object was compiled from, as the compiler left it in `.BTF.ext`.
public struct SourcePlace: Sendable, Hashable {
    /// As the compiler was given it: relative to a folder that nobody kept, or from the root.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1; 0 where it is not known. At most 1023: what is further right is not told.
    public let column: Int
    /// The line's text without the spaces around it; empty where the compiler did not keep it.
    public let text: String
    /// The function of the object that the instruction belongs to; of an inlined function it is the one that it was put into.
    public let function: String

    /// nil where the compiler blames no line.
    init?(_ record: BTFExtensions.LineRecord, function: String) {
        guard record.line > 0 else { return nil }
        file = record.file.text
        line = record.line
        column = record.column
        self.function = function
        let text = record.text.text
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map(text.index(after:)) ?? start
        self.text = String(text[start..<end])
    }
}

extension BPFFunction {
    /// Where an instruction comes from: the last line that begins at it or before it; nil where the compiler blames
    /// none, and where the function has no lines.
    public func source(atInstruction instruction: Int) -> SourcePlace? {
        record(atInstruction: instruction).flatMap { SourcePlace(lines[$0], function: name) }
    }

    /// Where an instruction comes from that has to do with a member of that name. Compilers put what they compute for a member
    /// among the instructions of another statement, without a line of its own: then it is the nearest line that names the member,
    /// behind the instruction or else before it.
    public func source(atInstruction instruction: Int, naming member: String) -> SourcePlace? {
        guard let own = record(atInstruction: instruction) else { return nil }
        let isOwn = Int(lines[own].instructionOffset) == (start + instruction) * BPFInstruction.size
        guard !isOwn, !member.isEmpty else { return SourcePlace(lines[own], function: name) }
        let behind = (own..<min(own + Self.nearLines, lines.endIndex)).dropFirst()
        let before = (max(own - Self.nearLines, lines.startIndex)...own).reversed()
        for record in [own] + behind + before {
            if let place = SourcePlace(lines[record], function: name), place.names(member) { return place }
        }
        return SourcePlace(lines[own], function: name)
    }

    /// More lines away it is another statement's.
    private static let nearLines = 64

    /// The last record that begins at the instruction or before it.
    private func record(atInstruction instruction: Int) -> Int? {
        guard instructions.indices.contains(instruction) else { return nil }
        let offset = (start + instruction) * BPFInstruction.size
        var low = lines.startIndex
        var high = lines.endIndex
        while low < high {
            let middle = (low + high) / 2
            if Int(lines[middle].instructionOffset) <= offset { low = middle + 1 } else { high = middle }
        }
        return low > lines.startIndex ? low - 1 : nil
    }
}

extension SourcePlace {
    /// Whether the line has the name in it, and not only as a part of a longer one.
    fileprivate func names(_ name: String) -> Bool {
        func isWord(_ character: Character?) -> Bool {
            character.map { $0 == "_" || $0.isLetter || $0.isNumber } ?? false
        }
        var rest = text[...]
        while let range = rest.firstRange(of: name) {
            let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : nil
            let after = range.upperBound < text.endIndex ? text[range.upperBound] : nil
            if !isWord(before), !isWord(after) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
