// SPDX-License-Identifier: Apache-2.0

/// The order in which a multi-byte integer's bytes are stored.
public enum ByteOrder: Sendable, Hashable {
    case littleEndian
    case bigEndian
}

/// What went wrong while reading bytes that nobody vouches for.
public enum ByteReaderError: Error, Hashable, CustomStringConvertible {
    /// `count` bytes were wanted at `offset`, but the input ends at `end`.
    case outOfBounds(offset: Int, count: Int, end: Int)
    /// A string that should end in a zero byte reaches the end of the input.
    case unterminatedString(offset: Int)

    public var description: String {
        switch self {
        case .outOfBounds(let offset, let count, let end):
            "needs \(count) bytes at offset \(offset), but the data ends at \(end)"
        case .unterminatedString(let offset):
            "the string at offset \(offset) has no end"
        }
    }
}

/// A cursor over untrusted bytes: every read is checked against the end, none traps.
///
/// The one way in this project by which bytes from outside become values. Offsets are relative to the first byte
/// that the reader was given.
public struct ByteReader: Sendable {
    // Readers are inlined where they are used: generic code that is not specialised costs an emulated guest dearly.
    @usableFromInline let bytes: ArraySlice<UInt8>
    @usableFromInline let order: ByteOrder

    @usableFromInline var position = 0

    /// Offset of the next byte to be read; `0...count`.
    public var offset: Int { position }

    public init(_ bytes: ArraySlice<UInt8>, order: ByteOrder = .littleEndian) {
        self.bytes = bytes
        self.order = order
    }

    public init(_ bytes: [UInt8], order: ByteOrder = .littleEndian) {
        self.init(bytes[...], order: order)
    }

    /// How many bytes there are in all.
    public var count: Int { bytes.count }

    /// How many bytes are left after the cursor.
    @inlinable public var remaining: Int { bytes.count - position }

    public var isAtEnd: Bool { remaining == 0 }

    /// Moves the cursor to `offset`; the end itself is a valid place.
    public mutating func seek(to offset: Int) throws(ByteReaderError) {
        guard offset >= 0, offset <= bytes.count else {
            throw .outOfBounds(offset: offset, count: 0, end: bytes.count)
        }
        position = offset
    }

    /// The next `count` bytes, without a copy.
    @inlinable
    public mutating func bytes(_ count: Int) throws(ByteReaderError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else {
            throw .outOfBounds(offset: position, count: count, end: bytes.count)
        }
        let start = bytes.startIndex + position
        position += count
        return bytes[start..<(start + count)]
    }

    /// The next integer of type `Value`, in the reader's byte order.
    @inlinable
    public mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self
    ) throws(ByteReaderError) -> Value {
        let raw = try bytes(MemoryLayout<Value>.size)
        let value = raw.withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
        return switch order {
        case .littleEndian: Value(littleEndian: value)
        case .bigEndian: Value(bigEndian: value)
        }
    }

    /// The bytes from the cursor up to the next zero byte, as UTF-8 with invalid sequences replaced; the zero byte is
    /// consumed. A string of more than `limit` bytes has no end.
    public mutating func zeroTerminatedString(limit: Int = 4096) throws(ByteReaderError) -> String {
        let start = bytes.startIndex + position
        guard let end = bytes[start...].prefix(limit + 1).firstIndex(of: 0) else {
            throw .unterminatedString(offset: position)
        }
        position += end - start + 1
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
