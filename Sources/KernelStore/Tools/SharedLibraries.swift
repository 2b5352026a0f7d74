// SPDX-License-Identifier: Apache-2.0

import ByteReader
import ELF
import Platform

/// What a program or a library says that it needs (System V gABI, chapter 5, "Dynamic Section").
enum SharedLibraries {
    private static let needed: UInt64 = 1
    private static let mostEntries = 10_000

    /// Names such as `libelf.so.1`, in their order.
    ///
    /// - Throws: where the file is none of this architecture, or can't be read.
    static func needed(by bytes: [UInt8], _ architecture: Architecture) throws -> [String] {
        let file = try ELFFile(bytes)
        guard file.machine == architecture.elfMachine, file.is64Bit else {
            throw BootImage.Refusal.foreignELF(machine: file.machine)
        }
        guard let dynamic = file.section(named: ".dynamic"), let strings = file.section(named: ".dynstr") else {
            return []
        }
        var entries = ByteReader(try file.contents(of: dynamic), order: file.byteOrder)
        var names = ByteReader(try file.contents(of: strings), order: file.byteOrder)
        var libraries: [String] = []
        for _ in 0..<min(dynamic.size / 16, mostEntries) {
            let tag = try entries.integer(UInt64.self)
            let value = try entries.integer(UInt64.self)
            guard tag != 0 else { break }
            guard tag == needed else { continue }
            try names.seek(to: Int(min(value, UInt64(strings.size))))
            libraries.append(try names.zeroTerminatedString())
        }
        return libraries
    }
}
