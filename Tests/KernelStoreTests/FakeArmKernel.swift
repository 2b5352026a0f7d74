// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import SystemPackage
import TestKernels

/// An arm64 Image that nothing could boot, but that has what a reader looks for: header, banner, BTF.
enum FakeArmKernel {
    static func image(
        release: String,
        types: [UInt8] = [],
        size: UInt64 = 1 << 20,
        flags: UInt64 = 0b1010
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64)
        put(size, at: 16, in: &bytes)
        put(flags, at: 24, in: &bytes)
        bytes.replaceSubrange(0..<2, with: [0x4d, 0x5a])
        bytes.replaceSubrange(56..<60, with: Array("ARM".utf8) + [0x64])
        // As in a real one, something that only looks like the banner comes first; and so with BTF.
        bytes += Array("\0Linux version %s (%s)\0".utf8) + [0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0]
        bytes += Array("Linux version \(release) (someone@somewhere) #1 SMP\n\0".utf8)
        return bytes + types + [UInt8](repeating: 7, count: 100)
    }

    /// BTF with so many integers.
    static func types(_ count: Int, strings: [UInt8] = [0] + Array("int".utf8) + [0]) -> [UInt8] {
        var types: [UInt8] = []
        for _ in 0..<count { types += words([1, 1 << 24, 4, 32]) }
        return [0x9f, 0xeb, 1, 0] + words([24, 0, UInt32(types.count), UInt32(types.count), UInt32(strings.count)])
            + types + strings
    }

    /// An EFI program that unpacks its payload, as far as its header goes.
    static func zboot(_ payload: [UInt8], offset: UInt32 = 64, size: UInt32? = nil) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64)
        bytes.replaceSubrange(0..<2, with: [0x4d, 0x5a])
        bytes.replaceSubrange(4..<8, with: Array("zimg".utf8))
        put(offset, at: 8, in: &bytes)
        put(size ?? UInt32(payload.count), at: 12, in: &bytes)
        return bytes + payload
    }

    static func packed(_ bytes: [UInt8], by tool: String, in folder: FilePath) async throws -> [UInt8] {
        let plain = folder.appending("plain")
        let packed = folder.appending("packed")
        try plain.write(bytes)
        _ = try await Command(tool, ["-c"]).run(from: plain, to: packed, within: .seconds(20))
        return try packed.contents
    }

    private static func words(_ values: [UInt32]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    private static func put(_ value: some FixedWidthInteger, at offset: Int, in bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<(offset + $0.count), with: $0) }
    }
}
