// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction

/// A program as one kernel gets it: instructions with what libbpf puts into them, and what they refer to.
struct RelocatedCode: Sendable {
    var instructions: [BPFInstruction]
    /// Where each function begins, ascending; the first is the program itself, at 0.
    var functionStarts: [Int]
    /// Functions that the verifier looks at by themselves, with arguments of which it knows nothing.
    var globalFunctions: Set<Int>
    /// It does so whether they are called or not, as kernels before 6.8 do.
    var looksAtAllGlobalFunctions = false
    /// What wide loads (`BPF_LD | BPF_IMM | BPF_DW`) load, where it is not the number that they hold.
    var loads: [Int: KnownValue] = [:]
    /// Where calls of functions of the program lead to, and addresses of them.
    var callees: [Int: Int] = [:]
    /// Calls that may not come back: of a kfunc that ends the program, for one.
    var mayEnd: Set<Int> = []
    /// Instructions that are refused if they are reached: nothing behind them is.
    var ends: Set<Int> = []
    /// Bytes of constants, by region.
    var constants: [ConstantRegion] = []
    /// What the context holds.
    var context = ContextKind.other

    enum ContextKind: Sendable {
        /// Numbers of which nothing is known: registers, arguments of tracepoints.
        case numbers
        case other
    }
}

/// Constants that the verifier reads as such: `.rodata`, frozen before programs are loaded (`bpf_map_is_rdonly`), and the
/// values of the kernel's configuration.
struct ConstantRegion: Sendable {
    /// Little-endian, as the programs that are checked.
    var bytes: [UInt8]
    /// Places of which the value is not known; ascending, apart from one another.
    var unknown: [Range<Int>] = []

    /// nil where that is not known, or is not there.
    func load(_ offset: Int64, size: Int) -> UInt64? {
        guard offset >= 0, offset <= Int64(bytes.count - size), size > 0 else { return nil }
        let range = Int(offset)..<Int(offset) + size
        guard !isUnknown(range) else { return nil }
        return bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func isUnknown(_ range: Range<Int>) -> Bool {
        var low = 0
        var high = unknown.count
        while low < high {
            let middle = (low + high) / 2
            if unknown[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < unknown.count && unknown[low].overlaps(range)
    }
}
