// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction
import LoaderContract

/// What programs do with the maps inside a map of maps, and so what kind of maps its loader puts there.
///
/// The code is gone through once, in the order of its instructions, without its branches: that is enough to see which helper a
/// looked-up map is handed to, and the kernel judges the program anyway.
struct InnerMapUse {
    private let outer: Int
    /// Helpers that were handed a map out of this one.
    private var helpers: Set<Int32> = []

    /// How deep calls are followed; kernels allow 8 frames (`MAX_CALL_FRAMES`).
    private static let deepestCall = 8
    /// Most instructions that are gone through for one map, so that no object costs more than that.
    private static let mostInstructions = 1 << 20

    init(of outer: Int, in programs: [LinkedProgram]) {
        self.outer = outer
        var budget = Self.mostInstructions
        for program in programs where program.mapUses.contains(where: { $0.thing == outer }) {
            guard let entry = program.layout.parts.first?.function else { continue }
            follow(entry, of: program, with: [:], depth: 0, &budget)
        }
    }

    /// A map that takes what programs do with it.
    var innerMap: InnerMap {
        if !helpers.isDisjoint(with: Self.ringBufferHelpers) {
            return InnerMap(type: 27, keySize: 0, valueSize: 0, maxEntries: Self.pageSize)
        }
        if !helpers.isDisjoint(with: Self.eventHelpers) { return Self.ofFour(4) }
        if helpers.contains(12) { return Self.ofFour(3) }
        if helpers.contains(51) { return Self.ofFour(14) }
        if helpers.contains(27) { return InnerMap(type: 7, keySize: 4, valueSize: 1016, maxEntries: 1) }
        if !helpers.isDisjoint(with: 87...89) { return InnerMap(type: 22, keySize: 0, valueSize: 8, maxEntries: 1) }
        // What is stored has to have the value's size, what is read must not have more.
        let valueSize: UInt32 = helpers.contains(2) ? 8 : 4096
        return InnerMap(type: helpers.contains(195) ? 5 : 1, keySize: 4, valueSize: valueSize, maxEntries: 1)
    }

    /// A map with a key and a value of four bytes each.
    private static func ofFour(_ type: UInt32) -> InnerMap {
        InnerMap(type: type, keySize: 4, valueSize: 4, maxEntries: 1)
    }

    /// The smallest ring buffer.
    static let pageSize: UInt32 = 4096
    /// bpf_ringbuf_output, _reserve, _query, _reserve_dynptr
    private static let ringBufferHelpers: Set<Int32> = [130, 131, 134, 198]
    /// bpf_perf_event_read, _output, _read_value, bpf_skb_output, bpf_xdp_output
    private static let eventHelpers: Set<Int32> = [22, 25, 55, 111, 121]
    /// Helpers that are handed their map as the second argument; all others take it as the first.
    private static let mapIsSecond: Set<Int32> = [12, 25, 27, 33, 52, 53, 60, 70, 71, 72, 82, 111, 121]
    /// bpf_map_lookup_elem
    private static let lookup: Int32 = 1

    /// What a register or a slot of the stack holds, so far as it matters.
    private enum Value {
        case outerMap
        case innerMap
    }

    private mutating func follow(
        _ index: Int,
        of program: LinkedProgram,
        with arguments: [UInt8: Value],
        depth: Int,
        _ budget: inout Int
    ) {
        guard depth < Self.deepestCall, budget > 0, program.contents.functions.indices.contains(index) else { return }
        let function = program.contents.functions[index]
        budget -= function.instructions.count + 1
        var registers = arguments
        var stack: [Int16: Value] = [:]
        for (place, instruction) in function.instructions.enumerated() {
            let target = function.reference(at: place)?.target
            switch instruction.code {
            case BPFInstruction.wideLoadCode:
                registers[instruction.destination] = target == .map(outer) ? .outerMap : nil
            // r1 = r2
            case 0xbf where instruction.offset == 0:
                registers[instruction.destination] = registers[instruction.source]
            // *(u64 *)(r10 - 8) = r1
            case 0x7b where instruction.destination == 10:
                stack[instruction.offset] = registers[instruction.source]
            // r1 = *(u64 *)(r10 - 8)
            case 0x79 where instruction.source == 10:
                registers[instruction.destination] = stack[instruction.offset]
            case BPFInstruction.callCode:
                let passed = registers.filter { 1...5 ~= $0.key }
                var result: Value?
                if case .call(let callee)? = target {
                    if !passed.isEmpty { follow(callee, of: program, with: passed, depth: depth + 1, &budget) }
                } else if case .helper(let helper)? = instruction.call, target == nil {
                    result = call(helper, passed)
                }
                for register: UInt8 in 0...5 { registers[register] = nil }
                registers[0] = result
            default:
                if instruction.writesDestination { registers[instruction.destination] = nil }
            }
        }
    }

    /// What the helper returns.
    private mutating func call(_ helper: Int32, _ arguments: [UInt8: Value]) -> Value? {
        switch arguments[Self.mapIsSecond.contains(helper) ? 2 : 1] {
        case .outerMap?: return helper == Self.lookup ? .innerMap : nil
        case .innerMap?:
            helpers.insert(helper)
            return nil
        case nil: return nil
        }
    }
}

extension BPFInstruction {
    /// Arithmetic and loads change their destination register.
    fileprivate var writesDestination: Bool {
        switch instructionClass {
        case .load, .loadRegister, .alu32, .alu64: true
        case .store, .storeRegister, .jump64, .jump32: false
        }
    }
}
