// SPDX-License-Identifier: Apache-2.0

/// What an instruction does to registers, from its spelling (kernel/bpf/disasm.c).
struct InstructionEffect: Sendable, Equatable {
    /// Where what a register holds came from.
    enum Origin: Sendable, Equatable {
        /// `r6 = r0`: the same value.
        case register(Int)
        /// `r1 = *(u64 *)(r10 -8)`: what was put there before.
        case stack(Int)
        /// Made here: by a call, a load, a constant, arithmetic.
        case here
    }

    /// Registers whose old value is gone.
    private(set) var written: [(register: Int, origin: Origin)] = []
    /// `*(u64 *)(r10 -8) = r1`: the slot and the register; -1 where a number is stored.
    private(set) var stored: (slot: Int, register: Int)?
    /// The registers whose value it needs, in the text's order, each once.
    let read: [Int]

    static func == (one: InstructionEffect, other: InstructionEffect) -> Bool {
        one.read == other.read && one.stored?.slot == other.stored?.slot
            && one.stored?.register == other.stored?.register
            && one.written.elementsEqual(other.written) { $0.register == $1.register && $0.origin == $1.origin }
    }

    private static let framePointer = 10
    private static let callClass: UInt8 = 0x85
    /// `BPF_LD | BPF_ABS` and `BPF_LD | BPF_IND` call into the kernel too.
    private static let packetLoads: Set<UInt8> = [0x20, 0x28, 0x30, 0x40, 0x48, 0x50]

    init(_ text: String, opcode: UInt8) {
        let words = Words(text)
        read = words.registers(isFirstRead: !Self.onlyWrites(opcode))
        if opcode == Self.callClass || Self.packetLoads.contains(opcode) {
            written = (0...5).map { ($0, .here) }
            return
        }
        let kind = opcode & 0x07
        switch kind {
        // Stores, the atomic ones that fetch among them: those begin with the register.
        case 2, 3:
            if let first = words.firstRegister {
                written = [(first, .here)]
            } else if let slot = words.stackSlot {
                stored = (slot, words.storedRegister ?? -1)
            }
        case 0, 1, 4, 7:
            guard let first = words.firstRegister else { return }
            if kind == 1, words.isPlainLoad, let slot = words.stackSlot {
                written = [(first, .stack(slot))]
            } else if opcode == 0xbf, let source = words.movedRegister {
                written = [(first, .register(source))]
            } else {
                written = [(first, .here)]
            }
        default: break
        }
    }

    /// Loads and moves: what was in the register before does not matter.
    private static func onlyWrites(_ opcode: UInt8) -> Bool {
        switch opcode & 0x07 {
        case 0, 1: true
        case 4, 7: opcode & 0xf0 == 0xb0
        default: false
        }
    }

    /// An instruction's text in pieces.
    private struct Words {
        private let bytes: [UInt8]
        /// In their order, as often as they stand there.
        private let names: [Int]
        /// `r1 …`, `w1 …`
        let firstRegister: Int?

        init(_ text: String) {
            bytes = Array(text.utf8)
            var found: [Int] = []
            var first: Int?
            for (position, byte) in bytes.enumerated()
            where byte == UInt8(ascii: "r") || byte == UInt8(ascii: "w") {
                guard position == 0 || !Self.isWord(bytes[position - 1]),
                    let register = Self.register(in: bytes, at: position)
                else { continue }
                if position == 0 { first = register }
                found.append(register)
            }
            names = found
            firstRegister = first
        }

        func registers(isFirstRead: Bool) -> [Int] {
            var registers: [Int] = []
            for name in names.dropFirst(isFirstRead || firstRegister == nil ? 0 : 1) where !registers.contains(name) {
                registers.append(name)
            }
            return registers
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            Byte.digit(byte) != nil || byte == UInt8(ascii: "_")
                || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        }

        /// `r0` … `r10`, and nothing of a longer word.
        private static func register(in bytes: [UInt8], at position: Int) -> Int? {
            var end = position + 1
            var value = 0
            while end < bytes.count, end - position <= 2, let digit = Byte.digit(bytes[end]) {
                value = value * 10 + digit
                end += 1
            }
            guard end > position + 1, value <= framePointer, end == bytes.count || !isWord(bytes[end]) else {
                return nil
            }
            return value
        }

        private var text: String { String(decoding: bytes, as: UTF8.self) }

        /// `r1 = *(u64 *)(…)`, all eight bytes as they are.
        var isPlainLoad: Bool { text.contains(" = *(u64 *)(r10 ") }

        /// The offset in `(r10 -8)`.
        var stackSlot: Int? {
            guard let range = text.firstRange(of: "(r10 ") else { return nil }
            return Int(text[range.upperBound...].prefix { $0 == "-" || $0 == "+" || $0.isNumber })
        }

        /// The register on the right of ` = `.
        var movedRegister: Int? {
            guard let range = text.firstRange(of: " = r") else { return nil }
            return Int(text[range.upperBound...])
        }

        var storedRegister: Int? { text.hasPrefix("*(u64 *)") ? movedRegister : nil }
    }
}
