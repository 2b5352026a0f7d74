// SPDX-License-Identifier: Apache-2.0

import ELF

/// The first bytes of a BPF object, which tell it from every other file (System V gABI, chapter 4: `e_ident`, `e_type`,
/// `e_machine`).
public struct ObjectHeader: Sendable, Hashable {
    /// It is for machines that store the most significant byte first.
    public let isBigEndian: Bool

    /// How many bytes it takes to tell.
    public static let length = 20

    /// nil where these are not the first bytes of a relocatable file for BPF; `bytes` may go on behind them.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= Self.length, Self.isELF(bytes) else { return nil }
        let start = bytes.startIndex
        isBigEndian = bytes[start + 5] == 2
        let isBig = isBigEndian
        func number(_ offset: Int) -> UInt16 {
            let (first, second) = (UInt16(bytes[start + offset]), UInt16(bytes[start + offset + 1]))
            return isBig ? first << 8 | second : second << 8 | first
        }
        guard number(16) == ELFFile.Kind.relocatable.rawValue, number(18) == ELFFile.bpfMachine else { return nil }
    }

    /// Whether they are those of any ELF file.
    public static func isELF(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.starts(with: ELFFile.magic) }
}
