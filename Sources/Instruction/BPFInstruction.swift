// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// One BPF instruction (`struct bpf_insn`, linux/bpf.h): eight bytes. Loading a 64-bit constant takes two; the second
/// has only an immediate.
public struct BPFInstruction: Sendable, Hashable {
    /// Bytes of one.
    public static let size = 8

    public var code: UInt8
    /// Destination and source registers, 0–10 in what a kernel accepts, 0–15 in what bytes can say.
    public var destination: UInt8
    public var source: UInt8
    public var offset: Int16
    public var immediate: Int32

    public init(code: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
        self.code = code
        self.destination = destination
        self.source = source
        self.offset = offset
        self.immediate = immediate
    }

    /// Reads one. In a big-endian object the two registers change places within their byte, as the bit-fields of the
    /// C structure do.
    init(_ bytes: UnsafeRawBufferPointer, at position: Int, order: ByteOrder) {
        let registers = bytes[position + 1]
        let offset = bytes.loadUnaligned(fromByteOffset: position + 2, as: Int16.self)
        let immediate = bytes.loadUnaligned(fromByteOffset: position + 4, as: Int32.self)
        switch order {
        case .littleEndian:
            self.init(
                code: bytes[position],
                destination: registers & 0xf,
                source: registers >> 4,
                offset: Int16(littleEndian: offset),
                immediate: Int32(littleEndian: immediate)
            )
        case .bigEndian:
            self.init(
                code: bytes[position],
                destination: registers >> 4,
                source: registers & 0xf,
                offset: Int16(bigEndian: offset),
                immediate: Int32(bigEndian: immediate)
            )
        }
    }

    /// The instructions in `bytes`; what is left over at the end is none.
    public static func decode(_ bytes: ArraySlice<UInt8>, order: ByteOrder) -> [BPFInstruction] {
        bytes.withUnsafeBytes { buffer in
            (0..<buffer.count / size).map { BPFInstruction(buffer, at: $0 * size, order: order) }
        }
    }

    /// `rN = value`
    public static func move(_ register: UInt8, _ value: Int32) -> Self {
        Self(code: 0xb7, destination: register, immediate: value)
    }

    /// Returns with r0.
    public static let exit = Self(code: 0x95)

    /// Calls a helper by its number (`enum bpf_func_id`).
    public static func call(_ helper: Int32) -> Self {
        Self(code: 0x85, immediate: helper)
    }

    /// As a little-endian object has it.
    public var bytes: [UInt8] {
        let words = [UInt8(truncatingIfNeeded: offset), UInt8(truncatingIfNeeded: offset >> 8)]
        let value = (0..<4).map { UInt8(truncatingIfNeeded: immediate >> (8 * Int32($0))) }
        return [code, destination & 0xf | source << 4] + words + value
    }
}

extension BPFInstruction {
    /// `BPF_CLASS`: what kind of instruction this is.
    public enum Class: UInt8, Sendable {
        case load = 0
        case loadRegister = 1
        case store = 2
        case storeRegister = 3
        case alu32 = 4
        case jump64 = 5
        case jump32 = 6
        case alu64 = 7
    }

    public var instructionClass: Class { Class(rawValue: code & 7) ?? .load }

    /// `BPF_PSEUDO_*` of a call: what its immediate means.
    public enum Call: Sendable, Hashable {
        /// A helper by its number. The immediate is signed in the bytes; no helper is negative.
        case helper(Int32)
        /// A function of the program, relative to the next instruction (`BPF_PSEUDO_CALL`).
        case function(relative: Int32)
        /// A function of the kernel (`BPF_PSEUDO_KFUNC_CALL`); the number means something only in one kernel.
        case kernelFunction
        /// A source register that no kernel defines.
        case unknown
    }

    /// What is called; nil where this is no call of a fixed function.
    public var call: Call? {
        guard code == Self.callCode else { return nil }
        return switch source {
        case 0: .helper(immediate)
        case 1: .function(relative: immediate)
        case 2: .kernelFunction
        default: .unknown
        }
    }

    /// Loads a 64-bit constant (`BPF_LD | BPF_IMM | BPF_DW`): the next instruction holds the upper half.
    public var isWideLoad: Bool { code == Self.wideLoadCode }

    /// `BPF_JMP | BPF_CALL`.
    public static let callCode: UInt8 = 0x85
    /// `BPF_LD | BPF_IMM | BPF_DW`.
    public static let wideLoadCode: UInt8 = 0x18
    /// `BPF_PSEUDO_FUNC`: a wide load's source register where it loads the address of a function.
    public static let functionAddress: UInt8 = 4
    /// `BPF_PSEUDO_CALL`.
    public static let functionCall: UInt8 = 1
    /// `BPF_PSEUDO_KFUNC_CALL`.
    public static let kernelFunctionCall: UInt8 = 2

    /// libbpf's `insn_is_subprog_call`.
    public var isProgramCall: Bool {
        code == Self.callCode && source == Self.functionCall && destination == 0 && offset == 0
    }
}
