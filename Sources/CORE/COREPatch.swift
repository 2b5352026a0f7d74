// SPDX-License-Identifier: Apache-2.0

import Instruction

extension BPFInstruction {
    /// What libbpf puts in the place of one that could not be relocated: a call of a helper that no kernel has, `0xbad2310`.
    /// The verifier refuses it with `invalid func unknown#195896080`, but only where it is reached.
    public static let poison = BPFInstruction.call(195_896_080)
}

/// What a relocation does to its instruction (`bpf_core_patch_insn` in libbpf's relo_core.c).
public enum COREPatch: Sendable, Hashable {
    /// The instruction's new form; the second is there for one that takes two places.
    case patched(BPFInstruction, second: BPFInstruction?)
    case poisoned(Reason)
    case refused(CORERefusal)
    /// Nothing is known of the relocation.
    case undecided

    public enum Reason: Sendable, Hashable {
        /// The kernel does not have what was asked for.
        case notFound
        /// The kernel's field has another size, and to read it so would give another value: only pointers and unsigned integers
        /// can be read in another size.
        case otherSize(local: UInt32, kernel: UInt32)
    }
}

extension COREResolution {
    /// - Parameters:
    ///   - instruction: as the compiler made it.
    ///   - second: what follows it, where it takes two places.
    public func patch(_ instruction: BPFInstruction, followedBy second: BPFInstruction? = nil) -> COREPatch {
        switch outcome {
        case .poisoned: .poisoned(.notFound)
        case .refused(let refusal): .refused(refusal)
        case .undecided: .undecided
        case .value(let value): instruction.patched(with: value, followedBy: second)
        }
    }
}

extension BPFInstruction {
    fileprivate func patched(with value: COREValue, followedBy second: BPFInstruction?) -> COREPatch {
        switch instructionClass {
        case .alu32, .alu64: patchedImmediate(value)
        case .loadRegister, .store, .storeRegister: patchedOffset(value)
        case .load: patchedWideLoad(value, second)
        case .jump64, .jump32: .refused(.unexpectedInstruction(code: code))
        }
    }

    private func patchedImmediate(_ value: COREValue) -> COREPatch {
        // The other operand must be the immediate one: BPF_SRC is BPF_K.
        guard code & 0x08 == 0 else { return .refused(.unexpectedInstruction(code: code)) }
        guard !value.isValidated || UInt64(bitPattern: Int64(immediate)) == value.localValue else {
            return .refused(.unexpectedValue(found: Int64(immediate), expected: value.localValue))
        }
        var patched = self
        patched.immediate = Int32(truncatingIfNeeded: value.value)
        return .patched(patched, second: nil)
    }

    private func patchedOffset(_ value: COREValue) -> COREPatch {
        guard !value.isValidated || UInt64(bitPattern: Int64(offset)) == value.localValue else {
            return .refused(.unexpectedValue(found: Int64(offset), expected: value.localValue))
        }
        guard let offset = Int16(exactly: value.value) else { return .refused(.offsetTooLarge(value.value)) }
        guard !value.isUnsafeToResize else {
            return .poisoned(.otherSize(local: value.localSize, kernel: value.size))
        }
        var patched = self
        patched.offset = offset
        if value.size != value.localSize {
            guard accessSize == value.localSize else {
                return .refused(.unexpectedSize(found: accessSize, expected: value.localSize))
            }
            guard let bits = Self.sizeBits(value.size) else { return .refused(.impossibleSize(value.size)) }
            patched.code = code & 0xe7 | bits
        }
        return .patched(patched, second: nil)
    }

    private func patchedWideLoad(_ value: COREValue, _ second: BPFInstruction?) -> COREPatch {
        guard isWideLoad, source == 0, offset == 0, let second, second.code == 0, second.destination == 0,
            second.source == 0, second.offset == 0
        else { return .refused(.unexpectedInstruction(code: code)) }
        let found = UInt64(UInt32(bitPattern: second.immediate)) << 32 | UInt64(UInt32(bitPattern: immediate))
        guard !value.isValidated || found == value.localValue else {
            return .refused(.unexpectedValue(found: Int64(bitPattern: found), expected: value.localValue))
        }
        var (patched, patchedSecond) = (self, second)
        patched.immediate = Int32(truncatingIfNeeded: value.value)
        patchedSecond.immediate = Int32(truncatingIfNeeded: value.value >> 32)
        return .patched(patched, second: patchedSecond)
    }

    /// Bytes that it reads or writes: `BPF_SIZE`.
    private var accessSize: UInt32 {
        switch code & 0x18 {
        case 0x00: 4
        case 0x08: 2
        case 0x10: 1
        default: 8
        }
    }

    private static func sizeBits(_ size: UInt32) -> UInt8? {
        switch size {
        case 8: 0x18
        case 4: 0x00
        case 2: 0x08
        case 1: 0x10
        default: nil
        }
    }
}
