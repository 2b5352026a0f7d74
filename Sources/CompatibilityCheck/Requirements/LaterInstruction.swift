// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction
import KernelProfile
import VerifierLog

extension BPFInstruction {
    /// What of the instructions that came after 5.10 it is; nil for one that 5.10 has, and for one that is none.
    var laterForm: KernelInstruction? {
        switch instructionClass {
        case .storeRegister where code & 0xe0 == 0xc0:
            if [1, 2].contains(accessSize) { return .loadAcquire }
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
    /// Fields that mean nothing; a later kernel may give them a meaning.
    case fields
    case register(UInt8)
    /// An opcode that no kernel up to 7.2 has, which all look at wherever it stands.
    case opcode
    /// A jump to where a register says, which came after 6.18.
    case indirectJump
    /// Fields of a load, which all kernels look at wherever it stands.
    case loadFields
}

extension BPFInstruction {
    /// `bpf_opcode_in_insntable` in kernel/bpf/core.c, and fields that are reserved (kernel/bpf/verifier.c).
    var malformation: Malformation? {
        guard isKnownOpcode else { return .opcode }
        if isIndirectJump { return .indirectJump }
        if destination > 10 { return .register(destination) }
        let takesRegister = code & 0x08 != 0
        switch instructionClass {
        case .alu32, .alu64:
            let operation = code & 0xf0
            // Negation and byte swaps have an operand of their own.
            if operation == 0x80 || operation == 0xd0 { return nil }
            if takesRegister {
                if source > 10 { return .register(source) }
                return immediate == 0 || offset == 1 ? nil : .fields
            }
            return source == 0 ? nil : .fields
        case .jump64, .jump32:
            if call != nil || isExit || isUnconditionalJump || isMayGoto { return nil }
            // Of calls that are none.
            if code == 0x85 { return .fields }
            if takesRegister { return source > 10 ? .register(source) : immediate == 0 ? nil : .fields }
            return source == 0 ? nil : .fields
        case .load, .store: return nil
        case .loadRegister: return source > 10 ? .register(source) : immediate == 0 ? nil : .loadFields
        case .storeRegister: return source > 10 ? .register(source) : nil
        }
    }

    /// `BPF_JMP | BPF_JA | BPF_X`
    var isIndirectJump: Bool { code == 0x0d }

    private var isKnownOpcode: Bool {
        let operation = code & 0xf0
        switch instructionClass {
        case .alu32: return operation <= 0xd0 && code != 0x8c
        // Byte swaps of 64 bits have no register to swap from.
        case .alu64: return operation <= 0xd0 && code != 0x8f && code != 0xdf
        case .jump64:
            return [0x05, 0x0d, 0x85, 0x95, 0xe5].contains(code) || (0x10...0xd0).contains(operation) && !isCallOrExit
        case .jump32: return code == 0x06 || (0x10...0xd0).contains(operation) && !isCallOrExit
        case .load: return [0x18, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50].contains(code)
        case .loadRegister: return code & 0xe0 == 0x60 || [0x81, 0x89, 0x91].contains(code)
        case .store: return code & 0xe0 == 0x60
        case .storeRegister: return [0x60, 0xc0].contains(code & 0xe0)
        }
    }

    private var isCallOrExit: Bool { [0x80, 0x90].contains(code & 0xf0) }
}

extension KernelInstruction {
    /// Whether a kernel that doesn't know it refuses it wherever it stands, reached or not: what is looked at before the
    /// program is followed (resolve_pseudo_ldimm64() in kernel/bpf/verifier.c).
    func isCheckedEverywhere(_ instruction: BPFInstruction, in kernel: CheckedKernel) -> Bool {
        switch self {
        case .atomicFetch, .signExtendingLoad, .byteSwap, .longJump, .mayGoto: true
        // Known opcodes with fields that were reserved.
        case .signExtendingMove, .signedDivision: false
        // Of one or two bytes it has an opcode of its own; before there were atomics, the fields of every store were looked
        // at first.
        case .loadAcquire:
            [1, 2].contains(instruction.accessSize) || kernel.profile?.instruction(.atomicFetch) != .present
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

    /// The first line that has it.
    var since: LinuxVersion {
        switch self {
        case .atomicFetch: LinuxVersion(5, 12)
        case .signExtendingLoad, .signExtendingMove, .signedDivision, .byteSwap, .longJump: LinuxVersion(6, 6)
        case .mayGoto: LinuxVersion(6, 9)
        case .loadAcquire: LinuxVersion(6, 15)
        }
    }

    /// What to do where a kernel does not know one.
    func cure(of instruction: BPFInstruction) -> String? {
        switch self {
        case .atomicFetch: instruction.atomicCure
        case .signExtendingLoad, .signExtendingMove, .signedDivision, .byteSwap, .longJump: "-mcpu=v3"
        case .mayGoto: "a bounded loop, or bpf_loop"
        case .loadAcquire: nil
        }
    }
}

extension BPFInstruction {
    /// `BPF_FETCH` (include/uapi/linux/bpf.h)
    private static let fetch: Int32 = 0x01

    /// An addition is known to every kernel if nobody wants the value before; nothing else is before 5.12.
    fileprivate var atomicCure: String {
        switch immediate {
        case Self.fetch:
            "add with __atomic_fetch_add(…, __ATOMIC_RELAXED) and leave what it returns unused; the value before needs Linux "
                + "5.12 or later"
        case 0xf1: Self.atomicCure(of: "compare-and-swap")
        case 0xe1: Self.atomicCure(of: "an exchange")
        default: Self.atomicCure(of: "an atomic operation other than an addition")
        }
    }

    private static func atomicCure(of what: String) -> String {
        "another program without it for such kernels (bpf_program__set_autoload): \(what) needs Linux 5.12 or later, and no "
            + "-mcpu changes that"
    }
}

extension LinkedProgram {
    /// The first instruction that is wrong by itself.
    public var firstMalformed: Int? {
        let instructions = instructions
        return instructions.indices.first { place in
            (place == 0 || !instructions[place - 1].isWideLoad) && instructions[place].malformation != nil
        }
    }

    /// Instructions that came after 5.10, but for those that a kernel is known to know.
    public func laterInstructions(unknownTo profile: KernelProfile?) -> [Evidence.LaterInstruction] {
        let instructions = instructions
        return instructions.enumerated().compactMap { place, instruction in
            if place > 0, instructions[place - 1].isWideLoad { return nil }
            guard let form = instruction.laterForm, profile?.instruction(form) != .present else { return nil }
            return Evidence.LaterInstruction(
                index: place,
                words: form.words,
                cure: form.cure(of: instruction),
                since: form.since
            )
        }
    }
}
