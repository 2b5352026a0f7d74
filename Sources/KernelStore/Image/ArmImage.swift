// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// arm64's kernel image as it lies in memory: a header of 64 bytes, and no sections.
///
/// Layout: Documentation/arch/arm64/booting.rst, "Call the kernel image".
enum ArmImage {
    /// `ARM\x64` at 56.
    private static let magic: [UInt8] = [0x41, 0x52, 0x4d, 0x64]
    private static let magicOffset = 56
    /// In memory, with what is zero: more than any kernel takes.
    private static let largest: UInt64 = 1 << 30

    static func isOne(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.dropFirst(magicOffset).starts(with: magic)
    }

    /// `uname -r`.
    static func release(of bytes: [UInt8]) throws(BootImage.Refusal) -> String {
        let size: UInt64
        let flags: UInt64
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            try reader.seek(to: 16)
            size = try reader.integer()
            flags = try reader.integer()
        } catch {
            throw .truncated
        }
        // Before 3.17 there was no size, and the kernel's place was a guess.
        guard size > 0 else { throw .noSize }
        guard size <= largest else { throw .truncated }
        guard flags & 1 == 0 else { throw .bigEndian }
        guard let release = KernelBanner.release(in: bytes) else { throw .noRelease }
        return release
    }
}

/// An arm64 kernel inside of what unpacks it: gzip, or an EFI program that does so itself (zboot).
struct PackedArmImage: Hashable {
    let payload: Range<Int>
    let compression: Compression

    /// `drivers/firmware/efi/libstub/zboot-header.S`: `MZ` at 0, `zimg` at 4, the payload's offset and size at 8 and 12.
    private static let zbootMagic = Array("zimg".utf8)

    /// nil where the bytes are neither.
    init?(_ bytes: [UInt8]) throws(BootImage.Refusal) {
        if Compression(bytes[...]) == .gzip {
            payload = 0..<bytes.count
            compression = .gzip
            return
        }
        guard bytes.starts(with: [0x4d, 0x5a]), bytes.dropFirst(4).starts(with: Self.zbootMagic) else { return nil }
        let offset: Int
        let size: Int
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes)
            try reader.seek(to: 8)
            offset = Int(try reader.integer(UInt32.self))
            size = Int(try reader.integer(UInt32.self))
        } catch {
            throw .truncated
        }
        guard size > 0, offset >= 16, offset + size <= bytes.count else { throw .truncated }
        payload = offset..<(offset + size)
        guard let compression = Compression(bytes[payload]) else {
            throw .unknownCompression(Array(bytes[payload].prefix(6)))
        }
        self.compression = compression
    }
}
