// SPDX-License-Identifier: Apache-2.0

/// One instruction on the way to the failure. Small, since there may be a million of them.
struct LogStep: Sendable {
    /// Counted as the kernel does.
    let index: Int32
    /// nil is 0: no instruction has it (`BPF_LD | BPF_IMM` of one byte).
    let opcode: UInt8
    /// How many functions deep; 0 is the program itself.
    var depth: UInt8
    /// The position of its source among those of the log; -1 where it is not known.
    let source: Int32
    /// Whether that source was printed for this very instruction.
    let isSourceOwn: Bool
    /// Where its line is.
    let line: Range<Int>
    /// What the registers held after it, where that stands apart from its line: a whole state.
    var state: Range<Int>?
    /// That state is of before the instruction did anything: up to 5.17 the verifier printed it while it looked at what the
    /// instruction does to memory (`check_mem_region_access()`).
    var isStateBefore = false

    private static let classMask: UInt8 = 0x07
    private static let jumpClasses: ClosedRange<UInt8> = 5...6
    private static let call: UInt8 = 0x85
    private static let exit: UInt8 = 0x95
    private static let always: [UInt8] = [0x05, 0x06]

    var isExit: Bool { opcode == Self.exit }
    var isCall: Bool { opcode == Self.call }

    /// Reads or writes memory, or has a helper do it.
    var mayTouchMemory: Bool { opcode & Self.classMask < 4 || isCall }

    /// Of two registers, in all their bits: as a packet's bounds are checked.
    var comparesPointers: Bool { isBranch && opcode & Self.classMask == 5 && opcode & 0x08 != 0 }

    /// A jump that can go two ways.
    var isBranch: Bool {
        Self.jumpClasses.contains(opcode & Self.classMask) && !isExit && !isCall && !Self.always.contains(opcode)
    }
}

/// A line of C as a log has it.
struct LogSource: Sendable, Hashable {
    let text: Range<Int>
}
