// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// A program's instructions as a verifier log would have them, with the lines that they come from.
public struct ProgramListing: Sendable, Hashable {
    public enum Line: Sendable, Hashable {
        /// A function begins.
        case function(name: String, isGlobal: Bool)
        /// What follows comes from another line than what stands before it.
        case source(SourcePlace)
        case instruction(number: Int, text: String)
    }

    public let program: String
    public let lines: [Line]

    public init(_ linked: LinkedProgram) {
        program = linked.program.name
        var lines: [Line] = []
        let instructions = linked.instructions
        for part in linked.layout.parts {
            let function = linked.contents.functions[part.function]
            lines.append(.function(name: function.name, isGlobal: function.isGlobal))
            var last: SourcePlace?
            var isUpperHalf = false
            for place in function.instructions.indices {
                // The second half of a wide load is no instruction of its own.
                if isUpperHalf {
                    isUpperHalf = false
                    continue
                }
                let number = part.start + place
                let instruction = instructions[number]
                isUpperHalf = instruction.isWideLoad
                if let source = function.source(atInstruction: place), !source.isSameLine(as: last) {
                    lines.append(.source(source))
                    last = source
                }
                let text = instruction.disassembly(
                    upperHalf: instruction.isWideLoad && number + 1 < instructions.count
                        ? instructions[number + 1] : nil,
                    name: function.reference(at: place).flatMap { Self.name(of: $0.target, in: linked.contents) }
                )
                lines.append(.instruction(number: number, text: text))
            }
        }
        self.lines = lines
    }

    /// What a reader wants to see where the object has no number yet.
    private static func name(of target: Reference.Target, in contents: ObjectContents) -> String? {
        switch target {
        case .map(let map): "map[\(contents.maps[map].name)]"
        case .data(let map, let offset): "map[\(contents.maps[map].name)] value+\(offset)"
        case .arena(let offset): "arena value+\(offset)"
        case .functionAddress(let function): "func[\(contents.functions[function].name)]"
        case .externVariable(let extern), .kernelFunction(let extern): contents.externs[extern].name
        case .jumpTable: "jump table"
        // The kernel's spelling has the distance, which is known.
        case .call: nil
        }
    }
}

extension SourcePlace {
    /// Columns change within a line; what a reader looks for is the line.
    fileprivate func isSameLine(as other: SourcePlace?) -> Bool { file == other?.file && line == other?.line }
}
