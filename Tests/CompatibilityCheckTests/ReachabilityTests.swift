// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction
import Testing

@testable import CompatibilityCheck

private typealias Instruction = BPFInstruction

extension BPFInstruction {
    /// `rN = immediate`, `rN = rM`
    fileprivate static func set(_ register: UInt8, _ value: Int32) -> Self { .move(register, value) }
    fileprivate static func copy(_ register: UInt8, _ from: UInt8) -> Self {
        Self(code: 0xbf, destination: register, source: from)
    }
    /// `if rN == value goto +offset`, and its like by opcode.
    fileprivate static func jump(_ code: UInt8, _ register: UInt8, _ value: Int32, _ offset: Int16) -> Self {
        Self(code: code, destination: register, offset: offset, immediate: value)
    }
    fileprivate static let equal: UInt8 = 0x15
    fileprivate static let notEqual: UInt8 = 0x55
    fileprivate static let greater: UInt8 = 0x25
    fileprivate static func goto(_ offset: Int16) -> Self { Self(code: 0x05, offset: offset) }
    fileprivate static func load64(_ register: UInt8, _ from: UInt8, _ offset: Int16) -> Self {
        Self(code: 0x79, destination: register, source: from, offset: offset)
    }
    fileprivate static func store64(_ to: UInt8, _ offset: Int16, _ register: UInt8) -> Self {
        Self(code: 0x7b, destination: to, source: register, offset: offset)
    }
    fileprivate static func callFunction() -> Self { Self(code: 0x85, source: 1) }
    fileprivate static func compute(_ code: UInt8, _ register: UInt8, _ value: Int32) -> Self {
        Self(code: code, destination: register, immediate: value)
    }
}

@Suite struct ReachabilityTests {
    /// What is known of the instruction in question.
    enum Reach {
        case never
        case possibly
        case certainly
    }

    private static func reach(_ place: Int, in code: RelocatedCode) -> Reach {
        let reachability = Reachability(of: code)
        if reachability.certain[place] { return .certainly }
        return reachability.reached[place] ? .possibly : .never
    }

    private static func code(
        _ instructions: [BPFInstruction],
        context: RelocatedCode.ContextKind = .numbers
    ) -> RelocatedCode {
        var code = RelocatedCode(instructions: instructions, functionStarts: [0], globalFunctions: [])
        code.context = context
        return code
    }

    @Test("a jump over a constant leads one way")
    func constants() {
        for (value, expected) in [(0, Reach.never), (1, .certainly)] as [(Int32, Reach)] {
            let code = Self.code([.set(1, value), .jump(Instruction.equal, 1, 0, 1), .set(0, 7), .exit])
            #expect(Self.reach(2, in: code) == expected)
            #expect(Self.reach(3, in: code) == .certainly)
        }
    }

    @Test("a constant is followed through copies, arithmetic and the stack")
    func arithmetic() {
        let code = Self.code([
            .set(1, 3), .copy(2, 1), .compute(0x67, 2, 32), .compute(0xc7, 2, 32), .store64(10, -8, 2),
            .load64(3, 10, -8), .jump(Instruction.equal, 3, 3, 1), .set(0, 7), .exit,
        ])
        #expect(Self.reach(7, in: code) == .never)
    }

    @Test("what a call may have written to the stack is not known any more")
    func stackAcrossCalls() {
        let code = Self.code([
            .set(1, 3), .store64(10, -8, 1), .copy(1, 10), .call(99), .load64(3, 10, -8),
            .jump(Instruction.equal, 3, 3, 1), .set(0, 7), .exit,
        ])
        #expect(Self.reach(6, in: code) == .possibly)
    }

    @Test("of a number that is not known the verifier follows both ways, and of a pointer's content what types decide")
    func unknownNumbers() {
        func code(_ context: RelocatedCode.ContextKind, _ jump: UInt8) -> RelocatedCode {
            Self.code([.load64(2, 1, 0), .jump(jump, 2, 5, 1), .set(0, 7), .exit], context: context)
        }
        #expect(Self.reach(2, in: code(.numbers, Instruction.equal)) == .certainly)
        #expect(Self.reach(2, in: code(.numbers, Instruction.greater)) == .possibly)
        #expect(Self.reach(2, in: code(.other, Instruction.equal)) == .possibly)
        #expect(Self.reach(3, in: code(.other, Instruction.equal)) == .certainly)
    }

    @Test("what one jump has found out decides the next one, of copies too")
    func refinement() {
        let code = Self.code([
            .load64(2, 1, 0), .copy(3, 2), .jump(Instruction.notEqual, 2, 5, 2),
            .jump(Instruction.equal, 3, 5, 1), .set(0, 7), .exit,
        ])
        #expect(Self.reach(4, in: code) == .possibly)
    }

    @Test("where every way leads through, the verifier comes; where one does not, only maybe")
    func meeting() {
        // r2 is of the context, of which nothing is known here.
        let code = Self.code(
            [
                .load64(2, 1, 0), .jump(Instruction.greater, 2, 9, 2), .set(3, 1), .goto(1), .set(3, 2), .set(0, 7),
                .exit,
            ],
            context: .other
        )
        #expect(Self.reach(2, in: code) == .possibly)
        #expect(Self.reach(4, in: code) == .possibly)
        #expect(Self.reach(5, in: code) == .certainly)
    }

    @Test("two constants that meet are no constant")
    func join() {
        let code = Self.code([
            .load64(2, 1, 0), .set(3, 0), .jump(Instruction.equal, 2, 9, 1), .set(3, 1),
            .jump(Instruction.equal, 3, 0, 1), .set(0, 7), .exit,
        ])
        #expect(Self.reach(5, in: code) == .possibly)
    }

    @Test("a loop ends the search too, and what is behind it is come to")
    func loop() {
        let code = Self.code([
            .set(2, 0), .compute(0x07, 2, 1), .jump(Instruction.notEqual, 2, 100, -2), .set(0, 7), .exit,
        ])
        #expect(Self.reach(3, in: code) == .certainly)
    }

    @Test("a function is looked at with what it is called with, and what it returns decides the caller")
    func functions() {
        var code = Self.code([
            .set(1, 1), .callFunction(), .jump(Instruction.equal, 0, 0, 1), .set(0, 7), .exit,
            .set(0, 0), .jump(Instruction.equal, 1, 1, 1), .set(0, 9), .exit,
        ])
        code.functionStarts = [0, 5]
        code.callees[1] = 5
        #expect(Self.reach(7, in: code) == .never)
        #expect(Self.reach(6, in: code) == .certainly)
        #expect(Self.reach(3, in: code) == .never)
        // By itself, the verifier knows nothing of its argument, and the caller nothing of its result.
        code.globalFunctions = [5]
        #expect(Self.reach(7, in: code) == .possibly)
        #expect(Self.reach(3, in: code) == .possibly)
    }

    @Test("constants of the object are read, and those of which nothing is known are not")
    func readOnlyData() {
        for (unknown, expected) in [([], Reach.never), ([4..<8], .possibly)] as [([Range<Int>], Reach)] {
            var code = Self.code([
                BPFInstruction(code: 0x18, destination: 1), BPFInstruction(code: 0),
                BPFInstruction(code: 0x61, destination: 2, source: 1, offset: 4),
                .jump(Instruction.equal, 2, 0x0403_0201, 1), .set(0, 7), .exit,
            ])
            code.loads[0] = .constants(region: 0, offset: 0)
            code.constants = [ConstantRegion(bytes: [9, 9, 9, 9, 1, 2, 3, 4], unknown: unknown)]
            #expect(Self.reach(4, in: code) == expected)
        }
    }

    @Test("where a program jumps to where a register says, all may be reached, and nothing is certain")
    func indirectJumps() {
        let code = Self.code([.set(1, 0), BPFInstruction(code: 0x0d, destination: 1), .exit, .set(0, 7), .exit])
        for place in 0..<5 { #expect(Self.reach(place, in: code) == .possibly) }
    }

    @Test("a global function that nothing leads to is looked at by kernels that look at all")
    func allGlobalFunctions() {
        var code = Self.code([.set(0, 0), .exit, .set(0, 7), .exit])
        code.functionStarts = [0, 2]
        code.globalFunctions = [2]
        #expect(Self.reach(2, in: code) == .possibly)
        code.looksAtAllGlobalFunctions = true
        #expect(Self.reach(2, in: code) == .certainly)
    }

    @Test("what is read through a pointer is told from the stack, the context and the object's own constants")
    func pointers() {
        let code = Self.code(
            [.load64(2, 1, 0), .load64(3, 2, 8), .store64(10, -8, 3), .load64(4, 10, -8), .load64(5, 4, 0), .exit],
            context: .other
        )
        #expect(Reachability(of: code).readsThroughPointers == [false, true, false, false, true, false])
    }

    @Test("behind what is refused nothing is reached, and behind a call that may not come back not in any case")
    func ends() {
        var code = Self.code([.set(0, 1), .call(1), .set(0, 2), .exit])
        code.mayEnd = [1]
        #expect(Self.reach(2, in: code) == .possibly)
        code.ends = [1]
        #expect(Self.reach(1, in: code) == .certainly)
        #expect(Self.reach(2, in: code) == .never)
    }

    @Test(
        "no instructions, jumps out of the program and registers that there are not do no harm",
        arguments: [
            [], [.goto(-5)], [.goto(500)], [.jump(0x15, 15, 0, 30000)], [.exit], [BPFInstruction(code: 0x18)],
            [BPFInstruction(code: 0x05, offset: -1)], [BPFInstruction(code: 0x06, immediate: .max)],
            [BPFInstruction(code: 0xff, destination: 15, source: 15, offset: .min, immediate: .min)],
            [.compute(0x67, 1, -1), .compute(0x07, 10, .max), .store64(10, .min, 15), .exit],
        ] as [[BPFInstruction]]
    )
    func nonsense(instructions: [BPFInstruction]) {
        let reachability = Reachability(of: Self.code(instructions))
        #expect(reachability.reached.count == instructions.count)
        #expect(reachability.certain.count == instructions.count)
    }
}
