// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile

extension BPFInstruction {
    /// What of the instructions that came after 5.10 it is; nil for one that 5.10 has, and for one that is none.
    var laterForm: KernelInstruction? {
        switch instructionClass {
        case .storeRegister where code & 0xe0 == 0xc0:
            // BPF_LOAD_ACQ, BPF_STORE_REL
            if immediate & 0xff0 == 0x100 || immediate & 0xff0 == 0x110 { return .loadAcquire }
            return immediate == 0 ? nil : .atomicFetch
        case .loadRegister where code & 0xe0 == 0x80: return .signExtendingLoad
        case .alu32, .alu64:
            switch code & 0xf0 {
            case 0xb0 where code & 0x08 != 0 && [8, 16, 32].contains(offset): return .signExtendingMove
            case 0x30 where offset == 1, 0x90 where offset == 1: return .signedDivision
            case 0xd0 where instructionClass == .alu64: return .byteSwap
            default: return nil
            }
        case .jump32 where code == 0x06: return .longJump
        case .jump64 where isMayGoto: return .mayGoto
        default: return nil
        }
    }
}

/// What is wrong with an instruction by itself.
enum Malformation: Sendable, Hashable {
    case register(UInt8)
    /// An opcode that there is not, or fields that mean nothing; a later kernel may give them a meaning.
    case meaning
}

extension BPFInstruction {
    /// `bpf_opcode_in_insntable` in kernel/bpf/core.c, and fields that are reserved (kernel/bpf/verifier.c).
    var malformation: Malformation? {
        if destination > 10 { return .register(destination) }
        let takesRegister = code & 0x08 != 0
        switch instructionClass {
        case .alu32, .alu64:
            let operation = code & 0xf0
            guard operation <= 0xd0 else { return .meaning }
            // Negation and byte swaps have an operand of their own.
            if operation == 0x80 || operation == 0xd0 { return nil }
            if takesRegister {
                if source > 10 { return .register(source) }
                return immediate == 0 || offset == 1 ? nil : .meaning
            }
            return source == 0 ? nil : .meaning
        case .jump64, .jump32:
            if call != nil || isExit || isUnconditionalJump || isMayGoto || code & 0xf7 == 0x05 { return nil }
            guard code & 0xf0 <= 0xd0, code & 0xf0 != 0x80, code & 0xf0 != 0x90, code & 0xf0 != 0 else {
                return .meaning
            }
            if takesRegister { return source > 10 ? .register(source) : immediate == 0 ? nil : .meaning }
            return source == 0 ? nil : .meaning
        case .load: return isWideLoad || [0x20, 0x28, 0x30, 0x40, 0x48, 0x50].contains(code) ? nil : .meaning
        case .loadRegister:
            return source > 10 ? .register(source) : [0x60, 0x80].contains(code & 0xe0) ? nil : .meaning
        case .store: return code & 0xe0 == 0x60 ? nil : .meaning
        case .storeRegister:
            return source > 10 ? .register(source) : [0x60, 0xc0].contains(code & 0xe0) ? nil : .meaning
        }
    }
}

extension KernelInstruction {
    /// Whether kernels that don't know it refuse it wherever it stands, reached or not: those that look at opcodes before
    /// they follow the program (resolve_pseudo_ldimm64() in kernel/bpf/verifier.c).
    var isCheckedEverywhere: Bool {
        switch self {
        case .atomicFetch, .signExtendingLoad, .byteSwap, .longJump, .mayGoto: true
        // Known opcodes with fields that were reserved.
        case .signExtendingMove, .signedDivision, .loadAcquire: false
        }
    }

    var words: String {
        switch self {
        case .atomicFetch: "atomic operations other than an addition that returns nothing"
        case .signExtendingLoad: "loads that extend the sign"
        case .signExtendingMove: "moves that extend the sign"
        case .signedDivision: "signed division"
        case .byteSwap: "unconditional byte swaps"
        case .longJump: "jumps with 32 bits of offset"
        case .mayGoto: "may_goto"
        case .loadAcquire: "loads that acquire and stores that release"
        }
    }

    var cure: String? {
        switch self {
        case .atomicFetch: "-mcpu=v2, or don't use what the atomic operation returns"
        case .signExtendingLoad, .signExtendingMove, .signedDivision, .byteSwap, .longJump: "-mcpu=v3"
        case .mayGoto: "a bounded loop, or bpf_loop"
        case .loadAcquire: nil
        }
    }
}
