// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// Why bytes from the other side are not a message. Whatever it is, it says nothing about any BPF program.
public enum ProtocolError: Error, Hashable, CustomStringConvertible {
    /// The frame does not begin with the magic number: the stream is out of step.
    case badMagic(UInt32)
    /// The other side speaks another version of the protocol.
    case versionMismatch(theirs: UInt16, ours: UInt16)
    /// A frame longer than any that a sane peer sends.
    case frameTooLong(UInt32)
    /// The payload is not the one that was sent.
    case badChecksum(expected: UInt32, actual: UInt32)
    /// The frame names a message that this side does not know.
    case unknownMessage(UInt16)
    /// A message ends before its last field, or holds a value that its field cannot have.
    case malformed(message: String, reason: String)

    public var description: String {
        switch self {
        case .badMagic(let magic): "frame begins with \(String(magic, radix: 16)) instead of the magic number"
        case .versionMismatch(let theirs, let ours): "the peer speaks protocol \(theirs), this side \(ours)"
        case .frameTooLong(let length): "frame of \(length) bytes is longer than any message"
        case .badChecksum(let expected, let actual):
            "checksum \(String(actual, radix: 16)) instead of \(String(expected, radix: 16))"
        case .unknownMessage(let kind): "unknown message \(kind)"
        case .malformed(let message, let reason): "malformed \(message): \(reason)"
        }
    }
}

/// One message on the wire: a header of 16 bytes, little-endian, and a payload.
///
/// ```
///  0  u32  magic number
///  4  u16  protocol version
///  6  u16  kind of message
///  8  u32  length of the payload in bytes
/// 12  u32  CRC-32 (IEEE 802.3) of kind, length and payload
/// ```
public struct Frame: Sendable, Hashable {
    /// "BPFM" as it stands on the wire.
    public static let magic: UInt32 = 0x4d46_5042
    /// Changes whenever a message changes: host and agent are built together, and only an equal one is spoken to.
    public static let version: UInt16 = 8
    /// Bytes before the payload.
    public static let headerSize = 16
    /// The longest payload: a whole verifier log (64 MiB) and room for what stands beside it.
    public static let maximumPayload = 80 << 20

    public let kind: UInt16
    public let payload: [UInt8]

    public init(kind: UInt16, payload: [UInt8]) {
        self.kind = kind
        self.payload = payload
    }

    /// The frame as bytes for the wire.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.headerSize + payload.count)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(kind)
        writer.write(UInt32(payload.count))
        writer.write(Self.checksum(kind: kind, payload: payload))
        writer.append(payload)
        return writer.bytes
    }

    static func checksum(kind: UInt16, payload: [UInt8]) -> UInt32 {
        var writer = ByteWriter(capacity: 6)
        writer.write(kind)
        writer.write(UInt32(payload.count))
        var checksum = CRC32()
        checksum.update(writer.bytes)
        checksum.update(payload)
        return checksum.value
    }
}

/// What a frame's first 16 bytes say, checked: how many bytes follow, and what they should be.
public struct FrameHeader: Sendable, Hashable {
    public let kind: UInt16
    /// Bytes of payload that follow; `0...Frame.maximumPayload`.
    public let payloadLength: Int
    let checksum: UInt32

    /// Reads a header from exactly `Frame.headerSize` bytes.
    public init(_ bytes: ArraySlice<UInt8>) throws(ProtocolError) {
        var reader = ByteReader(bytes)
        let magic: UInt32
        let version: UInt16
        let length: UInt32
        do throws(ByteReaderError) {
            magic = try reader.integer()
            version = try reader.integer()
            kind = try reader.integer()
            length = try reader.integer()
            checksum = try reader.integer()
        } catch {
            throw .malformed(message: "frame header", reason: "\(error)")
        }
        guard magic == Frame.magic else { throw .badMagic(magic) }
        guard version == Frame.version else { throw .versionMismatch(theirs: version, ours: Frame.version) }
        guard length <= UInt32(Frame.maximumPayload) else { throw .frameTooLong(length) }
        payloadLength = Int(length)
    }

    /// The frame that this header and `payload` make, if the checksum agrees.
    public func frame(payload: [UInt8]) throws(ProtocolError) -> Frame {
        let actual = Frame.checksum(kind: kind, payload: payload)
        guard actual == checksum else { throw .badChecksum(expected: checksum, actual: actual) }
        return Frame(kind: kind, payload: payload)
    }
}
