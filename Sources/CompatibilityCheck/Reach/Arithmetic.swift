// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction

/// Instructions that compute, on what is known.
extension KnownState {
    /// ALU operations, by the upper four bits of their opcode (`BPF_OP`).
    private enum Operation: UInt8 {
        case add = 0x00
        case subtract = 0x10
        case multiply = 0x20
        case or = 0x40
        case and = 0x50
        case shiftLeft = 0x60
        case shiftRight = 0x70
        case exclusiveOr = 0xa0
        case move = 0xb0
        case shiftRightArithmetic = 0xc0
    }

    mutating func compute(_ instruction: BPFInstruction) {
        let is64 = instruction.instructionClass == .alu64
        let isRegister = instruction.code & 0x08 != 0
        let operand =
            isRegister
            ? self[instruction.source] : .constant(UInt64(bitPattern: Int64(instruction.immediate)))
        // Those with an offset extend a sign or divide with one; division, negation and byte swaps of constants are
        // numbers that the verifier of some kernels does not follow.
        guard let operation = Operation(rawValue: instruction.code & 0xf0), instruction.offset == 0 else {
            self[instruction.destination] = .unknown
            return
        }
        self[instruction.destination] = Self.result(operation, self[instruction.destination], operand, is64: is64)
    }

    private static func result(
        _ operation: Operation,
        _ left: KnownValue,
        _ right: KnownValue,
        is64: Bool
    ) -> KnownValue {
        if operation == .move {
            if is64 { return right }
            switch right {
            case .constant(let value): return .constant(value & 0xffff_ffff)
            case .free(let origin, let mask): return .free(origin: origin, mask: mask & 0xffff_ffff)
            default: return .unknown
            }
        }
        switch (left, right) {
        case (.constant(let left), .constant(let right)):
            return constant(operation, left, right, is64: is64).map(KnownValue.constant) ?? .unknown
        case (.free(let origin, let mask), .constant(let right)):
            return free(operation, origin, mask, right, is64: is64)
        case (.frame(let offset), .constant(let right)) where is64 && operation == .add:
            return .frame(offset &+ Int64(bitPattern: right))
        case (.constants(let region, let offset), .constant(let right)) where is64 && operation == .add:
            return .constants(region: region, offset: offset &+ Int64(bitPattern: right))
        case (.context, .constant) where is64 && operation == .add,
            (.memory, .constant) where is64 && operation == .add:
            return left
        default: return .unknown
        }
    }

    /// Which of its bits are not known then; the value is another one, which is found out about together with the first.
    private static func free(
        _ operation: Operation,
        _ origin: Int,
        _ mask: UInt64,
        _ right: UInt64,
        is64: Bool
    ) -> KnownValue {
        func value(_ mask: UInt64) -> KnownValue { mask == 0 ? .constant(0) : .free(origin: origin, mask: mask) }
        switch operation {
        case .and: return value(mask & (is64 ? right : right & 0xffff_ffff))
        case .shiftLeft where is64 && right < 64: return value(mask << right)
        case .shiftRight where is64 && right < 64: return value(mask >> right)
        // As an `int` in 64 bits is made: it may be 0, and above and below.
        case .shiftRightArithmetic where is64 && right < 64:
            return mask >> 63 == 1 ? .status(origin: origin) : value(mask >> right)
        default: return .unknown
        }
    }

    private static func constant(_ operation: Operation, _ left: UInt64, _ right: UInt64, is64: Bool) -> UInt64? {
        let (left, right) = is64 ? (left, right) : (left & 0xffff_ffff, right & 0xffff_ffff)
        let width: UInt64 = is64 ? 64 : 32
        let result: UInt64
        switch operation {
        case .add: result = left &+ right
        case .subtract: result = left &- right
        case .multiply: result = left &* right
        case .or: result = left | right
        case .and: result = left & right
        case .exclusiveOr: result = left ^ right
        case .move: result = right
        case .shiftLeft, .shiftRight, .shiftRightArithmetic:
            guard right < width else { return nil }
            switch operation {
            case .shiftLeft: result = left << right
            case .shiftRight: result = left >> right
            default:
                result =
                    is64
                    ? UInt64(bitPattern: Int64(bitPattern: left) >> Int64(right))
                    : UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: left) >> Int32(right)))
            }
        }
        return is64 ? result : result & 0xffff_ffff
    }
}
