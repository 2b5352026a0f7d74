// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels

/// A bzImage that nothing could boot, but that has what a reader looks for: header, release, payload.
enum FakeKernel {
    /// - Parameter payload: what stands in the place of the compressed kernel.
    static func image(release: String, payload: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1024)
        func put(_ value: some FixedWidthInteger, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<(offset + $0.count), with: $0) }
        }
        put(UInt8(1), at: 0x1f1)
        bytes.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
        put(UInt16(0x020f), at: 0x206)
        put(UInt16(0x100), at: 0x20e)
        put(UInt32(0), at: 0x248)
        put(UInt32(payload.count), at: 0x24c)
        let text = Array("\(release) (someone@somewhere) #1 SMP".utf8) + [0]
        bytes.replaceSubrange(0x300..<(0x300 + text.count), with: text)
        return bytes + payload
    }

    /// An ELF file without sections, compressed as the kernel's build does with gzip.
    static func payload(in folder: FilePath) async throws -> [UInt8] {
        var elf = [UInt8](repeating: 0, count: 64)
        elf.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
        elf[16] = 2
        elf[18] = 62
        elf[20] = 1
        elf[52] = 64
        elf[58] = 64
        let plain = folder.appending("vmlinux-made-up")
        let packed = folder.appending("vmlinux-made-up.gz")
        try plain.write(elf)
        _ = try await Command("gzip", ["-nc"]).run(from: plain, to: packed, within: .seconds(20))
        return try packed.contents
    }
}
