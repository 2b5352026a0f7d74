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
        guard instructions.indices.contains(instruction) else { return nil }
        let offset = (start + instruction) * BPFInstruction.size
        var low = lines.startIndex
        var high = lines.endIndex
        while low < high {
            let middle = (low + high) / 2
            if Int(lines[middle].instructionOffset) <= offset { low = middle + 1 } else { high = middle }
        }
        return low > lines.startIndex ? SourcePlace(lines[low - 1], function: name) : nil
    }
}
