// SPDX-License-Identifier: Apache-2.0

import ByteReader
import Testing

@Suite struct ByteReaderTests {
    @Test("integers are read in the order that was asked for")
    func byteOrders() throws {
        var little = ByteReader([1, 0, 0, 0])
        #expect(try little.integer(UInt32.self) == 1)
        var big = ByteReader([1, 0, 0, 0], order: .bigEndian)
        #expect(try big.integer(UInt32.self) == 0x0100_0000)
    }

    @Test("a read beyond the end throws and leaves the cursor where it was")
    func outOfBounds() {
        var reader = ByteReader([1, 2, 3])
        #expect(throws: ByteReaderError.outOfBounds(offset: 0, count: 4, end: 3)) { try reader.integer(UInt32.self) }
        #expect(reader.offset == 0)
        #expect(throws: ByteReaderError.self) { try reader.bytes(-1) }
        #expect(throws: ByteReaderError.self) { try reader.seek(to: 4) }
    }

    @Test("a slice is read from its own start")
    func slices() throws {
        var reader = ByteReader([9, 9, 1, 2, 3][2...])
        #expect(try reader.integer(UInt16.self) == 0x0201)
        #expect(reader.remaining == 1)
    }

    @Test("a string without an end is not one")
    func strings() throws {
        var reader = ByteReader(Array("ab\0cd".utf8))
        #expect(try reader.zeroTerminatedString() == "ab")
        #expect(throws: ByteReaderError.unterminatedString(offset: 3)) { try reader.zeroTerminatedString() }
    }
}
