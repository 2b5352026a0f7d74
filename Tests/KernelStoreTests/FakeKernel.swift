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

    /// An ELF file, compressed as the kernel's build does with gzip.
    ///
    /// - Parameter notes: what its section of notes holds; nil for a file without sections.
    static func payload(in folder: FilePath, notes: [UInt8]? = nil) async throws -> [UInt8] {
        var elf = [UInt8](repeating: 0, count: 64)
        elf.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
        elf[16] = 2
        elf[18] = 62
        elf[20] = 1
        elf[52] = 64
        elf[58] = 64
        if let notes {
            let names = Array("\0.notes\0.shstrtab\0".utf8)
            elf += notes + names
            elf[40] = UInt8(elf.count)
            elf[60] = 3
            elf[62] = 2
            elf += [UInt8](repeating: 0, count: 64)
            elf += section(name: 1, type: 7, offset: 64, size: notes.count)
            elf += section(name: 8, type: 3, offset: 64 + notes.count, size: names.count)
        }
        let plain = folder.appending("vmlinux-made-up")
        let packed = folder.appending("vmlinux-made-up.gz")
        try plain.write(elf)
        _ = try await Command("gzip", ["-nc"]).run(from: plain, to: packed, within: .seconds(20))
        return try packed.contents
    }

    /// A module that depends on nothing.
    static func module(in folder: FilePath) async throws -> [UInt8] {
        let source = folder.appending("module.s")
        let object = folder.appending("module.ko")
        try source.write(".section .modinfo\n.asciz \"depends=\"\n")
        let result = try await Command("as", ["-o", object.string, source.string]).run(within: .seconds(20))
        guard result.ending.isSuccess else { throw ArchiveFixture.Failed(description: result.errorText) }
        return try object.contents
    }

    /// A note without a descriptor.
    static func note(owner: String, type: UInt8) -> [UInt8] {
        let name = Array("\(owner)\0".utf8)
        let padding = [UInt8](repeating: 0, count: (4 - name.count % 4) % 4)
        return [UInt8(name.count), 0, 0, 0, 0, 0, 0, 0, type, 0, 0, 0] + name + padding
    }

    private static func section(name: UInt8, type: UInt8, offset: Int, size: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 64)
        header[0] = name
        header[4] = type
        header[24] = UInt8(offset)
        header[32] = UInt8(size)
        return header
    }
}
