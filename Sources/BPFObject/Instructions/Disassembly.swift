// SPDX-License-Identifier: Apache-2.0

import Instruction

extension BPFInstruction {
    /// The instruction as a verifier log spells it (kernel/bpf/disasm.c as of Linux 6.18): `(b7) r0 = 0`.
    ///
    /// - Parameter upperHalf: The instruction after this one, which has half of a wide load's constant.
    /// - Parameter name: What stands for the value of a wide load, or for a call's target, where that is known by more
    ///   than a number: the kernel prints addresses and names of its own there.
    public func disassembly(upperHalf: BPFInstruction? = nil, name: String? = nil) -> String {
        "(\(Self.hexadecimal(code, digits: 2))) \(operation(upperHalf: upperHalf, name: name))"
    }

    private func operation(upperHalf: BPFInstruction?, name: String?) -> String {
        switch instructionClass {
        case .alu32, .alu64: arithmetic
        case .storeRegister: registerStore
        case .store: constantStore
        case .loadRegister: load
        case .load: constantLoad(upperHalf: upperHalf, name: name)
        case .jump32, .jump64: jump(name: name)
        }
    }

    // MARK: Arithmetic

    private static let arithmeticSigns = [
        "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian",
    ]

    private var arithmetic: String {
        let register = instructionClass == .alu32 ? "w" : "r"
        let isRegister = code & 0x8 != 0
        let operation = Int(code >> 4)
        let target = "\(register)\(destination)"
        switch operation {
        case 8:
            return "\(target) = -\(target)"
        case 13 where instructionClass == .alu64:
            return "r\(destination) = bswap\(immediate) r\(destination)"
        case 13:
            return "r\(destination) = \(isRegister ? "be" : "le")\(immediate) r\(destination)"
        case 11 where instructionClass == .alu64 && isRegister && offset == 1:
            let bits = UInt32(bitPattern: immediate)
            return "r\(destination) = addr_space_cast(r\(source), \(bits >> 16), \(bits & 0xffff))"
        default:
            break
        }
        guard operation < Self.arithmeticSigns.count else { return "unknown arithmetic" }
        // From Linux 6.6 on an offset of 1 makes a division signed.
        let isSigned = (operation == 3 || operation == 9) && offset == 1
        let sign = (isSigned ? "s" : "") + Self.arithmeticSigns[operation]
        guard isRegister else { return "\(target) \(sign) \(immediate)" }
        let extends = operation == 11 && [8, 16, 32].contains(offset)
        return "\(target) \(sign) \(extends ? "(s\(offset))" : "")\(register)\(source)"
    }

    // MARK: Memory

    private static let unsignedSizes = ["u32", "u16", "u8", "u64"]
    private static let signedSizes = ["s32", "s16", "s8", "s64"]

    private var size: Int { Int(code >> 3 & 3) }
    private var mode: UInt8 { code & 0xe0 }

    private static let memory: UInt8 = 0x60
    private static let signExtended: UInt8 = 0x80
    private static let atomic: UInt8 = 0xc0

    /// `*(u32 *)(r1 +8)`
    private func place(_ register: UInt8, signed: Bool = false) -> String {
        "*\(pointer(register, signed: signed))"
    }

    private func pointer(_ register: UInt8, signed: Bool = false) -> String {
        "(\((signed ? Self.signedSizes : Self.unsignedSizes)[size]) *)(r\(register) \(Self.withSign(Int(offset))))"
    }

    private var load: String {
        switch mode {
        case Self.memory: "r\(destination) = \(place(source))"
        case Self.signExtended: "r\(destination) = \(place(source, signed: true))"
        default: "unknown load"
        }
    }

    private var constantStore: String {
        switch mode {
        case Self.memory: "\(place(destination)) = \(immediate)"
        case 0xc0: "nospec"
        default: "unknown store"
        }
    }

    private var registerStore: String {
        switch mode {
        case Self.memory: "\(place(destination)) = r\(source)"
        case Self.atomic: atomicOperation
        default: "unknown store"
        }
    }

    private static let atomicSigns: [Int32: (sign: String, word: String)] = [
        0x00: ("+=", "add"), 0x40: ("|=", "or"), 0x50: ("&=", "and"), 0xa0: ("^=", "xor"),
    ]

    private var atomicOperation: String {
        let width = size == 3 ? "64" : ""
        let pointer = pointer(destination)
        switch immediate {
        case 0xe1: return "r\(source) = atomic\(width)_xchg(\(pointer), r\(source))"
        case 0xf1: return "r0 = atomic\(width)_cmpxchg(\(pointer), r0, r\(source))"
        case 0x100: return "r\(destination) = load_acquire(\(self.pointer(source)))"
        case 0x110: return "store_release(\(pointer), r\(source))"
        default: break
        }
        guard let operation = Self.atomicSigns[immediate & ~1] else { return "unknown atomic operation" }
        return immediate & 1 == 0
            ? "lock *\(pointer) \(operation.sign) r\(source)"
            : "r\(source) = atomic\(width)_fetch_\(operation.word)(\(pointer), r\(source))"
    }

    private func constantLoad(upperHalf: BPFInstruction?, name: String?) -> String {
        switch mode {
        case 0x20: return "r0 = *(\(Self.unsignedSizes[size]) *)skb[\(immediate)]"
        case 0x40: return "r0 = *(\(Self.unsignedSizes[size]) *)skb[r\(source) + \(immediate)]"
        case 0x00 where isWideLoad:
            let upper = UInt64(UInt32(bitPattern: upperHalf?.immediate ?? 0)) << 32
            let constant = upper | UInt64(UInt32(bitPattern: immediate))
            return "r\(destination) = \(name ?? "0x" + String(constant, radix: 16))"
        default: return "unknown load"
        }
    }

    // MARK: Jumps

    private static let conditions = [
        "jmp", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=",
    ]

    private func jump(name: String?) -> String {
        if let call { return self.call(call, name: name) }
        switch code {
        case 0x95: return "exit"
        case 0x05: return "goto pc\(Self.withSign(Int(offset)))"
        case 0x06: return "gotol pc\(Self.withSign(Int(immediate)))"
        case 0x0d: return "gotox r\(destination)"
        case 0xe5: return "may_goto pc\(Self.withSign(Int(offset)))"
        default: break
        }
        let operation = Int(code >> 4)
        guard operation < Self.conditions.count, operation != 0, operation != 8, operation != 9 else {
            return "unknown jump"
        }
        let register = instructionClass == .jump32 ? "w" : "r"
        let isRegister = code & 0x8 != 0
        let constant = "0x\(String(UInt32(bitPattern: immediate), radix: 16))"
        let other = isRegister ? "\(register)\(source)" : constant
        let condition = "\(register)\(destination) \(Self.conditions[operation]) \(other)"
        return "if \(condition) goto pc\(Self.withSign(Int(offset)))"
    }

    private func call(_ call: Call, name: String?) -> String {
        switch call {
        case .helper(let number):
            guard let helper = UInt32(exactly: number), HelperName.isKnown(helper) else {
                return "call unknown#\(number)"
            }
            return "call bpf_\(HelperName.name(helper))#\(number)"
        case .function(let relative): return "call \(name ?? "pc\(Self.withSign(Int(relative)))")"
        case .kernelFunction: return "call \(name ?? "kernel-function")#\(immediate)"
        case .unknown: return "call unknown#\(immediate)"
        }
    }

    private static func withSign(_ number: Int) -> String { number < 0 ? "\(number)" : "+\(number)" }

    private static func hexadecimal(_ number: UInt8, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
