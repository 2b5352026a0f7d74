// SPDX-License-Identifier: Apache-2.0

import Instruction

/// A program with the functions that it reaches, as libbpf hands it to the kernel: numbers of instructions are those of a
/// verifier log.
public struct LinkedProgram: Sendable {
    public let program: BPFProgram
    public let layout: ProgramLayout
    /// The object that it is from.
    public let contents: ObjectContents

    /// Its functions in the order of their instructions: the program, then those that were put behind it.
    public var functions: [BPFFunction] { layout.parts.map { contents.functions[$0.function] } }

    /// The functions that were put behind it.
    public var subprograms: [BPFFunction] { Array(functions.dropFirst()) }

    /// The function that an instruction belongs to, and the instruction's place in it; nil beyond the end.
    public func function(atInstruction instruction: Int) -> (function: BPFFunction, instruction: Int)? {
        guard let part = layout.part(at: instruction) else { return nil }
        return (contents.functions[part.function], instruction - part.start)
    }

    /// Where an instruction comes from; nil beyond the end, where the compiler blames no line, and where the object has none.
    public func source(atInstruction instruction: Int) -> SourcePlace? {
        guard let (function, place) = function(atInstruction: instruction) else { return nil }
        return function.source(atInstruction: place)
    }

    /// The same of an instruction that has to do with a member of that name.
    public func source(atInstruction instruction: Int, naming member: String) -> SourcePlace? {
        guard let (function, place) = function(atInstruction: instruction) else { return nil }
        return function.source(atInstruction: place, naming: member)
    }

    /// An instruction that refers to something.
    public struct Use<Thing: Sendable>: Sendable {
        public let thing: Thing
        /// Its number in the program.
        public let instruction: Int
    }

    /// Calls of helpers by their numbers (`enum bpf_func_id`), in the order of the instructions. Whether the code is ever
    /// reached is not told.
    public var helperCalls: [Use<UInt32>] {
        uses { function in
            function.instructions.enumerated().compactMap { index, instruction in
                guard case .helper(let number)? = instruction.call, let helper = UInt32(exactly: number),
                    function.reference(at: index) == nil
                else { return nil }
                return (helper, index)
            }
        }
    }

    /// Calls of functions of the kernel.
    public var kernelFunctionCalls: [Use<BPFExtern>] {
        references { target in
            if case .kernelFunction(let index) = target { contents.externs[index] } else { nil }
        }
    }

    /// Uses of the kernel's variables, symbols and configuration.
    public var externVariables: [Use<BPFExtern>] {
        references { target in
            if case .externVariable(let index) = target { contents.externs[index] } else { nil }
        }
    }

    /// Uses of maps, by their index in the object's `maps`, global data included.
    public var mapUses: [Use<Int>] {
        references { target in
            switch target {
            case .map(let index), .data(let index, _): index
            case .arena: contents.arena
            default: nil
            }
        }
    }

    /// The first instruction that takes the address of a function of the object, to be called back.
    public var firstCallback: Int? {
        references { target in
            if case .functionAddress(let index) = target { index } else { nil }
        }.map(\.instruction).min()
    }

    /// Its CO-RE relocations.
    public var relocations: [Use<PlacedRelocation>] {
        uses { function in function.relocations.map { ($0, $0.instruction) } }
    }

    private func references<Thing>(_ thing: (Reference.Target) -> Thing?) -> [Use<Thing>] {
        uses { function in
            function.references.compactMap { reference in
                thing(reference.target).map { ($0, reference.instruction) }
            }
        }
    }

    private func uses<Thing>(_ things: (BPFFunction) -> [(Thing, instruction: Int)]) -> [Use<Thing>] {
        layout.parts.flatMap { part in
            things(contents.functions[part.function]).map { Use(thing: $0, instruction: part.start + $1) }
        }
    }

    /// The instructions as the kernel gets them, but for what depends on a kernel or a loader: calls within the program lead
    /// where the functions now are; maps, externs and CO-RE relocations are as in the object.
    public var instructions: [BPFInstruction] {
        let starts = Dictionary(layout.parts.map { ($0.function, $0.start) }) { first, _ in first }
        return layout.parts.flatMap { part in
            let function = contents.functions[part.function]
            var instructions = function.instructions
            for reference in function.references {
                switch reference.target {
                case .call(let callee), .functionAddress(let callee):
                    guard let start = starts[callee] else { continue }
                    let place = part.start + reference.instruction
                    instructions[reference.instruction].immediate = Int32(truncatingIfNeeded: start - place - 1)
                    if instructions[reference.instruction].isWideLoad {
                        instructions[reference.instruction].source = BPFInstruction.functionAddress
                    }
                case .kernelFunction:
                    instructions[reference.instruction].source = BPFInstruction.kernelFunctionCall
                default: continue
                }
            }
            return instructions
        }
    }
}
