// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction

/// Which way a conditional jump goes, as the verifier sees it.
enum Branch: Sendable, Hashable {
    case taken
    case notTaken
    /// The verifier follows both: it holds either for possible.
    case both
    /// It follows this one, and the other one unless it knows more than is known here.
    case takenAtLeast
    case notTakenAtLeast
    /// It follows one of them or both; which, its ranges decide.
    case notKnown
}

/// Conditional jumps, by the upper four bits of their opcode.
private enum Condition: UInt8 {
    case equal = 0x10
    case greater = 0x20
    case greaterOrEqual = 0x30
    case anyBit = 0x40
    case notEqual = 0x50
    case signedGreater = 0x60
    case signedGreaterOrEqual = 0x70
    case less = 0xa0
    case lessOrEqual = 0xb0
    case signedLess = 0xc0
    case signedLessOrEqual = 0xd0

    func holds(_ left: UInt64, _ right: UInt64) -> Bool {
        let (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
        return switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .anyBit: left & right != 0
        case .signedGreater: signedLeft > signedRight
        case .signedGreaterOrEqual: signedLeft >= signedRight
        case .signedLess: signedLeft < signedRight
        case .signedLessOrEqual: signedLeft <= signedRight
        }
    }
}

extension KnownState {
    func branch(_ instruction: BPFInstruction) -> Branch {
        guard let condition = Condition(rawValue: instruction.code & 0xf0) else { return .notKnown }
        let is64 = instruction.instructionClass == .jump64
        let left = self[instruction.destination]
        let right =
            instruction.code & 0x08 != 0
            ? self[instruction.source].constant : UInt64(bitPattern: Int64(instruction.immediate))
        guard let right else { return .notKnown }
        switch left {
        case .constant(let left):
            func narrow(_ value: UInt64) -> UInt64 {
                is64 ? value : UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
            }
            // Signs extended, unsigned order stays what it is in 32 bits.
            return condition.holds(narrow(left), narrow(right)) ? .taken : .notTaken
        case .nonZero where is64 && right == 0 && condition == .equal: return .notTaken
        case .nonZero where is64 && right == 0 && condition == .notEqual: return .taken
        case .free(_, let mask):
            let (mask, wanted) = is64 ? (mask, right) : (mask & 0xffff_ffff, right & 0xffff_ffff)
            switch condition {
            case .equal, .notEqual: return mask != 0 && wanted & ~mask == 0 ? .both : .notKnown
            default: return .notKnown
            }
        case .status:
            guard right == 0 else { return .notKnown }
            switch condition {
            case .equal, .notEqual, .signedLess, .signedGreaterOrEqual: return .both
            default: return .notKnown
            }
        case .memoryOrNull:
            // Kernels since 6.14 know of some array elements that they are there.
            guard is64, right == 0 else { return .notKnown }
            return condition == .notEqual ? .takenAtLeast : condition == .equal ? .notTakenAtLeast : .notKnown
        default: return .notKnown
        }
    }

    /// What is known behind the jump, on either way.
    func refined(by instruction: BPFInstruction, taken: Bool) -> KnownState {
        var state = self
        if let origin = self[instruction.destination].origin {
            var value = KnownValue.unknown
            if case .memoryOrNull = self[instruction.destination], instruction.code & 0x08 == 0,
                instruction.immediate == 0, instruction.instructionClass == .jump64,
                let condition = Condition(rawValue: instruction.code & 0xf0)
            {
                switch condition {
                case .equal: value = taken ? .constant(0) : .memory
                case .notEqual: value = taken ? .memory : .constant(0)
                default: break
                }
            }
            state.refine(origin: origin, to: value)
        }
        if instruction.code & 0x08 != 0, let origin = state[instruction.source].origin { state.refine(origin: origin) }
        return state
    }
}
