// SPDX-License-Identifier: Apache-2.0

/// What is known of a register or of eight bytes of stack, whichever way the program came there.
///
/// Never more than the verifier of any kernel since 5.10 knows; so what is decided here is decided there in the same way.
enum KnownValue: Sendable, Hashable {
    case constant(UInt64)
    /// A number of which only these bits are not known, and any of which the verifier holds for possible; the rest are 0.
    /// `origin` is the instruction that it came from: what is found out of one of its copies is found out of all.
    case free(origin: Int, mask: UInt64)
    /// A number that the verifier holds for possibly 0, and possibly below: what a helper returns that may fail.
    case status(origin: Int)
    /// A pointer to memory that holds numbers, or NULL.
    case memoryOrNull(origin: Int)
    /// A pointer to memory that holds numbers: a map's value, a global variable.
    case memory
    /// A pointer into what the program was called with.
    case context
    /// A pointer to constants of the object: the index of a region and the offset in it, in bytes.
    case constants(region: Int, offset: Int64)
    /// The program's own stack, in bytes from its end: below 0.
    case frame(Int64)
    /// Not 0; more is not known.
    case nonZero
    case unknown

    func joined(with other: KnownValue) -> KnownValue { self == other ? self : .unknown }

    var constant: UInt64? {
        guard case .constant(let value) = self else { return nil }
        return value
    }

    /// What links copies of a value that is not known yet.
    var origin: Int? {
        switch self {
        case .free(let origin, _), .status(let origin), .memoryOrNull(let origin): origin
        default: nil
        }
    }

    /// Whether a callee could write through it to the caller's stack.
    var mayPointToStack: Bool {
        switch self {
        case .frame, .unknown, .nonZero: true
        default: false
        }
    }
}

/// Registers and stack at a place of the program.
struct KnownState: Sendable, Hashable {
    /// r0 to r10.
    private(set) var registers: [KnownValue]
    /// By offset from the frame's end; what is not in it is not known.
    private(set) var stack: [Int64: KnownValue] = [:]

    /// At the beginning of a function: r10 is the frame.
    init(arguments: [KnownValue]) {
        registers = [KnownValue](repeating: .unknown, count: 11)
        for (index, argument) in arguments.prefix(5).enumerated() { registers[index + 1] = argument }
        registers[10] = .frame(0)
    }

    /// Bytes that name a register that there is not are refused by every kernel.
    subscript(register: UInt8) -> KnownValue {
        get { register < 11 ? registers[Int(register)] : .unknown }
        set { if register < 10 { registers[Int(register)] = newValue } }
    }

    var arguments: [KnownValue] { Array(registers[1...5]) }

    func loaded(from offset: Int64) -> KnownValue { stack[offset] ?? .unknown }

    /// Of a store of `size` bytes; only eight at once are remembered.
    ///
    /// - Parameter offset: any number, as the program computes it. No kernel lets a program write outside of its stack, so what
    ///   is written there is not remembered.
    mutating func store(_ value: KnownValue, at offset: Int64, size: Int64) {
        guard Self.writableOffsets.contains(offset) else { return }
        for other in stack.keys where other < offset + size && offset < other + 8 { stack[other] = nil }
        if size == 8, value != .unknown { stack[offset] = value }
    }

    /// Where a store can begin that reaches into the stack: `MAX_BPF_STACK` (linux/filter.h) and seven bytes below it.
    private static let writableOffsets: Range<Int64> = -519..<0

    /// Somebody else may have written to it.
    mutating func forgetStack() { stack = [:] }

    /// r0 to r5 are the callee's; r0 is its result.
    mutating func call(returning result: KnownValue) {
        if arguments.contains(where: \.mayPointToStack) { forgetStack() }
        registers[0] = result
        for register in 1...5 { registers[register] = .unknown }
    }

    /// The verifier has looked at a value and may know more of it now, of all its copies.
    mutating func refine(origin: Int, to value: KnownValue = .unknown) {
        for index in registers.indices where registers[index].origin == origin { registers[index] = value }
        for (offset, known) in stack where known.origin == origin { stack[offset] = value == .unknown ? nil : value }
    }

    func joined(with other: KnownState) -> KnownState {
        var joined = self
        for index in registers.indices {
            joined.registers[index] = registers[index].joined(with: other.registers[index])
        }
        joined.stack = stack.filter { other.stack[$0.key] == $0.value }
        return joined
    }
}
