// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import GuestProtocol

@Suite struct FrameTests {
    private let frame = Frame(kind: 7, payload: Array("a verdict".utf8))

    @Test("the checksum is CRC-32 as everyone computes it")
    func checksum() {
        var checksum = CRC32()
        checksum.update(Array("123456789".utf8))
        #expect(checksum.value == 0xcbf4_3926)
    }

    @Test("the checksum of bytes that come in pieces is that of the whole", arguments: [0, 1, 7, 8, 9, 15, 16, 40])
    func checksumOfPieces(cut: Int) {
        let bytes = (0..<41).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        var pieces = CRC32()
        pieces.update(Array(bytes[..<cut]))
        pieces.update(Array(bytes[cut...]))
        // One byte after the other, as the standard has it.
        var register: UInt32 = 0xffff_ffff
        for byte in bytes {
            register ^= UInt32(byte)
            for _ in 0..<8 { register = register & 1 == 1 ? (register >> 1) ^ 0xedb8_8320 : register >> 1 }
        }
        #expect(pieces.value == ~register)
    }

    @Test("a frame survives being cut into pieces of any size", arguments: [1, 2, 3, 7, 16, 17, 1000])
    func pieces(size: Int) throws {
        let bytes = frame.encoded() + frame.encoded()
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            decoder.append(bytes[start..<min(start + size, bytes.count)])
            while let frame = try decoder.next() { frames.append(frame) }
        }
        #expect(frames == [frame, frame])
        #expect(decoder.isBetweenFrames)
    }

    @Test("the end of a stream in the middle of a frame can be told", arguments: [1, 15, 16, 20])
    func truncation(count: Int) throws {
        var decoder = FrameDecoder()
        decoder.append(frame.encoded().prefix(count))
        #expect(try decoder.next() == nil)
        #expect(!decoder.isBetweenFrames)
    }

    @Test("any flipped bit is an error, never a message", arguments: 0..<25)
    func corruption(index: Int) throws {
        for bit in 0..<8 {
            var bytes = frame.encoded()
            try #require(bytes.count == 25)
            bytes[index] ^= 1 << UInt8(bit)
            var decoder = FrameDecoder()
            decoder.append(bytes)
            do {
                // A length that grew leaves the decoder waiting, which is no message either.
                #expect(try decoder.next() == nil)
            } catch {
            }
        }
    }

    @Test("a length that no message has is refused before memory is spent on it")
    func length() {
        var bytes = frame.encoded()
        bytes.replaceSubrange(8..<12, with: [0xff, 0xff, 0xff, 0x7f])
        var decoder = FrameDecoder()
        decoder.append(bytes)
        #expect(throws: ProtocolError.frameTooLong(0x7fff_ffff)) { try decoder.next() }
    }

    @Test("another version of the protocol is named")
    func version() {
        var bytes = frame.encoded()
        bytes[4] = 0x63
        var decoder = FrameDecoder()
        decoder.append(bytes)
        #expect(throws: ProtocolError.versionMismatch(theirs: 0x63, ours: Frame.version)) { try decoder.next() }
    }
}
