// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction

/// Which of a program's instructions the verifier comes to.
///
/// Two bounds: what it may come to, as far as constants decide where jumps lead (what is not in it, the verifier does not
/// look at either: it follows constants at least as well); and what it comes to in any case, unless it refuses the program
/// before. What lies between depends on ranges and on types, and is not decided here.
struct Reachability: Sendable {
    /// By instruction.
    let reached: [Bool]
    let certain: [Bool]
    /// Where memory is read through something else than the stack, the context, and maps' values.
    let readsThroughPointers: [Bool]

    init(of code: RelocatedCode) {
        var walk = Walk(code)
        walk.run()
        // Where a jump leads that goes by a register is not known here.
        guard walk.isFinished, !code.instructions.contains(where: \.isIndirectJump) else {
            // Nobody writes such a program: nothing is said of it.
            reached = [Bool](repeating: true, count: code.instructions.count)
            certain = [Bool](repeating: false, count: code.instructions.count)
            readsThroughPointers = code.instructions.map { $0.instructionClass == .loadRegister && $0.source != 10 }
            return
        }
        reached = walk.reached
        readsThroughPointers = walk.readsThroughPointers
        certain = CertainReach(walk, code).certain
    }
}

/// Goes through a program until nothing new comes out.
struct Walk {
    private let code: RelocatedCode
    private var states: [Int: KnownState] = [:]
    private var pending: [Int] = []
    private var isPending: Set<Int> = []
    /// Arguments of functions that were called, and what they return.
    private var results: [Int: KnownValue] = [:]
    private var waiting: [Int: Set<Int>] = [:]
    /// The function that each beginning of a stretch belongs to.
    private var isLeader: [Bool]
    private(set) var reached: [Bool]
    private(set) var readsThroughPointers: [Bool]
    /// Where jumps lead, by instruction.
    private(set) var branches: [Int: Branch] = [:]
    /// Functions that are called from a place, and come back.
    private(set) var calls: [Int: Int] = [:]
    private var budget: Int
    private(set) var isFinished = true

    /// Instructions that are gone through, for each that there is.
    private static let mostVisits = 200
    /// Places of which it is kept what is known there, a few kB for each. Programs that kernels accept have fewer branches.
    private static let mostStates = 1 << 16

    init(_ code: RelocatedCode) {
        self.code = code
        let count = code.instructions.count
        reached = [Bool](repeating: false, count: count)
        readsThroughPointers = reached
        isLeader = [Bool](repeating: false, count: count)
        budget = (count + 100) * Self.mostVisits
        for (place, instruction) in code.instructions.enumerated() {
            if let target = instruction.jumpTarget(from: place), target >= 0, target < count { isLeader[target] = true }
        }
        for start in code.functionStarts where start < count { isLeader[start] = true }
    }

    mutating func run() {
        guard !code.instructions.isEmpty else { return }
        arrive(at: 0, with: KnownState(arguments: [.context]))
        for start in code.globalFunctions { arrive(at: start, with: KnownState(arguments: [])) }
        while let leader = pending.popLast() {
            isPending.remove(leader)
            guard let state = states[leader] else { continue }
            follow(from: leader, state)
            if budget < 0 {
                isFinished = false
                return
            }
        }
    }

    private mutating func arrive(at place: Int, with state: KnownState) {
        guard place >= 0, place < code.instructions.count else { return }
        let joined = states[place].map { $0.joined(with: state) } ?? state
        guard joined != states[place] else { return }
        if states[place] == nil, states.count == Self.mostStates {
            isFinished = false
            budget = -1
            return
        }
        states[place] = joined
        if isPending.insert(place).inserted { pending.append(place) }
    }

    /// To the end of the stretch.
    private mutating func follow(from leader: Int, _ start: KnownState) {
        var state = start
        var place = leader
        while place < code.instructions.count {
            if place != leader, isLeader[place] { return arrive(at: place, with: state) }
            budget -= 1
            guard budget >= 0 else { return }
            reached[place] = true
            if code.ends.contains(place) { return }
            let instruction = code.instructions[place]
            switch instruction.instructionClass {
            case .alu32, .alu64: state.compute(instruction)
            case .load:
                place += load(instruction, at: place, &state)
                continue
            case .loadRegister:
                if !state[instruction.source].isOwnMemory { readsThroughPointers[place] = true }
                state[instruction.destination] = loaded(instruction, at: place, state)
            case .store, .storeRegister: store(instruction, &state)
            case .jump64, .jump32:
                if instruction.isExit { return leave(place, state) }
                if instruction.call != nil {
                    guard call(instruction, at: place, leader: leader, &state) else { return }
                } else if let target = instruction.jumpTarget(from: place) {
                    return jump(instruction, at: place, to: target, state)
                } else {
                    // An indirect one, or one that there is not.
                    state.forgetStack()
                }
            }
            place += 1
        }
    }

    private mutating func jump(_ instruction: BPFInstruction, at place: Int, to target: Int, _ state: KnownState) {
        if instruction.isUnconditionalJump {
            branches[place] = .taken
            return arrive(at: target, with: state)
        }
        let branch = instruction.isMayGoto ? .both : state.branch(instruction)
        branches[place] = branch
        if branch != .notTaken { arrive(at: target, with: state.refined(by: instruction, taken: true)) }
        if branch != .taken {
            // What follows a jump is a stretch of its own.
            if place + 1 < isLeader.count { isLeader[place + 1] = true }
            arrive(at: place + 1, with: state.refined(by: instruction, taken: false))
        }
    }

    /// How many instructions it takes.
    private mutating func load(_ instruction: BPFInstruction, at place: Int, _ state: inout KnownState) -> Int {
        guard instruction.isWideLoad else {
            // LD_ABS and LD_IND: a packet's bytes in r0; they use up the other registers as a call does.
            state.call(returning: .unknown)
            return 1
        }
        if place + 1 < reached.count { reached[place + 1] = true }
        if let known = code.loads[place] {
            state[instruction.destination] = known
        } else if let callee = code.callees[place] {
            arrive(at: callee, with: KnownState(arguments: []))
            state[instruction.destination] = .unknown
        } else if instruction.source == 0, place + 1 < code.instructions.count {
            let high = UInt64(UInt32(bitPattern: code.instructions[place + 1].immediate))
            let low = UInt64(UInt32(bitPattern: instruction.immediate))
            state[instruction.destination] = .constant(high << 32 | low)
        } else {
            state[instruction.destination] = .unknown
        }
        return 2
    }

    private func loaded(_ instruction: BPFInstruction, at place: Int, _ state: KnownState) -> KnownValue {
        guard instruction.isPlainAccess else { return .unknown }
        let size = instruction.accessSize
        let mask = size == 8 ? UInt64.max : (1 << UInt64(size * 8)) - 1
        let offset = Int64(instruction.offset)
        switch state[instruction.source] {
        case .constants(let region, let start):
            guard code.constants.indices.contains(region) else { return .unknown }
            return code.constants[region].load(start &+ offset, size: size).map(KnownValue.constant) ?? .unknown
        case .memory: return .free(origin: place, mask: mask)
        case .context where code.context == .numbers: return .free(origin: place, mask: mask)
        case .frame(let start) where size == 8: return state.loaded(from: start &+ offset)
        default: return .unknown
        }
    }

    private func store(_ instruction: BPFInstruction, _ state: inout KnownState) {
        let isRegister = instruction.instructionClass == .storeRegister
        let isPlain = instruction.isPlainAccess
        switch state[instruction.destination] {
        case .frame(let start):
            let immediate = KnownValue.constant(UInt64(bitPattern: Int64(instruction.immediate)))
            let value = isRegister ? state[instruction.source] : immediate
            state.store(
                isPlain ? value : .unknown,
                at: start &+ Int64(instruction.offset),
                size: Int64(instruction.accessSize)
            )
        case .memory, .context, .constants: break
        default: state.forgetStack()
        }
        // Atomics may give back what was there.
        if isRegister, !isPlain {
            state[instruction.source] = .unknown
            state[0] = .unknown
            state[instruction.destination] =
                state[instruction.destination].origin == nil ? state[instruction.destination] : .unknown
        }
    }

    /// Whether the program goes on behind the call, as far as is known by now.
    private mutating func call(
        _ instruction: BPFInstruction,
        at place: Int,
        leader: Int,
        _ state: inout KnownState
    ) -> Bool {
        guard let callee = code.callees[place] else {
            if case .helper(let helper)? = instruction.call {
                state.call(returning: HelperResult.value(of: helper, at: place))
            } else {
                state.call(returning: .unknown)
            }
            return true
        }
        // What the callee finds out of an argument, the verifier knows of the caller's copies of it.
        for origin in state.arguments.compactMap(\.origin) { state.refine(origin: origin) }
        if code.globalFunctions.contains(callee) {
            calls[place] = callee
            state.call(returning: .unknown)
            return true
        }
        arrive(at: callee, with: KnownState(arguments: state.arguments.map(\.fromAnotherFrame)))
        waiting[callee, default: []].insert(leader)
        guard let result = results[callee] else { return false }
        calls[place] = callee
        state.call(returning: result)
        return true
    }

    private mutating func leave(_ place: Int, _ state: KnownState) {
        guard let function = code.functionStarts.last(where: { $0 <= place }), function != 0 else { return }
        let result = state[0].fromAnotherFrame
        let joined = results[function].map { $0.joined(with: result) } ?? result
        guard joined != results[function] else { return }
        results[function] = joined
        for leader in waiting[function] ?? [] where isPending.insert(leader).inserted { pending.append(leader) }
    }
}

extension KnownValue {
    /// The stack, the context, or what the object brings itself.
    fileprivate var isOwnMemory: Bool {
        switch self {
        case .memory, .context, .constants, .frame: true
        case .constant, .nonZero, .free, .status, .memoryOrNull, .unknown: false
        }
    }

    /// What of it another function's frame can go by.
    fileprivate var fromAnotherFrame: KnownValue {
        switch self {
        case .constant, .memory, .context, .constants, .nonZero: self
        case .free, .status, .memoryOrNull, .frame, .unknown: .unknown
        }
    }
}

extension BPFInstruction {
    /// `BPF_JMP | BPF_EXIT`
    var isExit: Bool { code == 0x95 }
    /// `BPF_JMP | BPF_JA`, and with 32 bits of offset `BPF_JMP32 | BPF_JA`.
    var isUnconditionalJump: Bool { code == 0x05 || code == 0x06 }
    /// `BPF_JMP | BPF_JCOND`
    var isMayGoto: Bool { code == 0xe5 }

    /// Where a jump leads if it is taken; nil for what is none.
    func jumpTarget(from place: Int) -> Int? {
        guard instructionClass == .jump64 || instructionClass == .jump32 else { return nil }
        switch code & 0xf0 {
        case 0x80, 0x90: return nil
        case 0x00 where code == 0x06: return place + 1 + Int(immediate)
        // BPF_JA with a register: where to is not in the instruction.
        case 0x00 where code & 0x08 != 0: return nil
        default: return place + 1 + Int(offset)
        }
    }

    /// `BPF_MEM`: a load or store of what it says, neither atomic nor with a sign.
    var isPlainAccess: Bool { code & 0xe0 == 0x60 }

    /// Bytes that are loaded or stored.
    var accessSize: Int {
        switch code & 0x18 {
        case 0x00: 4
        case 0x08: 2
        case 0x10: 1
        default: 8
        }
    }
}
