// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader
import TestBTF
import Testing

@Suite struct BTFExtensionsTests {
    /// A .BTF.ext with a record of each sort, longer ones than have to be for relocations; and the types that it refers to.
    private static func made(_ order: ByteOrder, isShort: Bool = false) throws -> (bytes: [UInt8], types: BTFTypes) {
        var blob = TypeBlob(order)
        let section = blob.string("kprobe/f")
        let file = blob.string("a.c")
        let text = blob.string("return 0;")
        let access = blob.string("0:1")
        let functions = blob.words([8, section, 1, 0, 7])
        let lines = blob.words([16, section, 2, 0, file, text, 12 << 10 | 5, 8, file, 0, 0])
        let relocations = blob.words([20, section, 1, 8, 3, access, 2, 99])
        let offsets: [UInt32] = [
            0, UInt32(functions.count), UInt32(functions.count), UInt32(lines.count),
            UInt32(functions.count + lines.count), UInt32(relocations.count),
        ]
        let magic: [UInt8] = order == .littleEndian ? [0x9f, 0xeb] : [0xeb, 0x9f]
        let header = magic + [1, 0] + blob.words([isShort ? 24 : 32] + offsets.prefix(isShort ? 4 : 6))
        return (header + functions + lines + relocations, try blob.read())
    }

    @Test("functions, lines and relocations are read, in both byte orders", arguments: BTFTypesTests.orders)
    func records(order: ByteOrder) throws {
        let (bytes, types) = try Self.made(order)
        let extensions = try BTFExtensions(bytes[...], types: types)
        #expect(extensions.functions.map(\.name.text) == ["kprobe/f"])
        #expect(extensions.functions.first?.records.map(\.type) == [7])
        let lines = try #require(extensions.lines.first).records
        #expect(lines.map(\.line) == [12, 0] && lines.map(\.column) == [5, 0])
        #expect(lines.map(\.file.text) == ["a.c", "a.c"] && lines.map(\.text.text) == ["return 0;", ""])
        let relocation = try #require(extensions.relocations.first?.records.first)
        #expect(relocation.instructionOffset == 8 && relocation.type == 3 && relocation.kind == 2)
        #expect(relocation.access.text == "0:1")
    }

    @Test("a header of before there were relocations has none")
    func shortHeader() throws {
        let (bytes, types) = try Self.made(.littleEndian, isShort: true)
        let extensions = try BTFExtensions(bytes[...], types: types)
        #expect(extensions.lines.count == 1 && extensions.relocations.isEmpty)
    }

    @Test("what was cut is refused, and no change of one byte makes anything trap")
    func damaged() throws {
        let (bytes, types) = try Self.made(.littleEndian)
        for length in bytes.indices {
            #expect(throws: BTFError.self) { try BTFExtensions(bytes.prefix(length), types: types) }
        }
        for index in bytes.indices {
            for change: UInt8 in [0x01, 0x80, 0xff] {
                var bytes = bytes
                bytes[index] ^= change
                let extensions = try? BTFExtensions(bytes[...], types: types)
                for line in extensions?.lines.flatMap(\.records) ?? [] { _ = line.text.text }
            }
        }
    }

    @Test("lists that don't add up have errors of their own")
    func errors() throws {
        let (sound, types) = try Self.made(.littleEndian)
        func error(_ change: (inout [UInt8]) -> Void) -> BTFError? {
            var bytes = sound
            change(&bytes)
            do throws(BTFError) {
                _ = try BTFExtensions(bytes[...], types: types)
                return nil
            } catch {
                return error
            }
        }
        #expect(error { _ in } == nil)
        // The size of a function's record, and how many there are.
        #expect(error { $0[32] = 4 } == .wrongRecordSize(part: .functionRecords, size: 4))
        #expect(error { $0[32 + 8] = 0 } == .malformedRecords(part: .functionRecords))
        #expect(error { $0[32 + 8] = 9 } == .malformedRecords(part: .functionRecords))
        #expect(error { $0[8] = 2 } == .misplaced(part: .functionRecords, offset: 34))
        #expect(error { $0[0] = 0 } == .notBTF)
    }
}
