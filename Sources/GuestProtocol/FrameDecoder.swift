// SPDX-License-Identifier: Apache-2.0

/// Cuts a byte stream into frames, however the transport cut it into pieces.
public struct FrameDecoder: Sendable {
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline var consumed = 0
    private var header: FrameHeader?

    /// Bytes that are worth not copying.
    private static let largePayload = 1 << 20

    public init() {}

    /// True where the stream could end here without a frame being cut in two.
    public var isBetweenFrames: Bool { header == nil && consumed == buffer.count }

    /// Adds what the transport delivered.
    @inlinable
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        // What was handed out goes before more comes, or a stream without a pause would be kept whole.
        if consumed > 0 {
            buffer.removeSubrange(..<consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame; nil until more bytes have come.
    public mutating func next() throws(ProtocolError) -> Frame? {
        if header == nil {
            guard let bytes = take(Frame.headerSize) else { return nil }
            let read = try FrameHeader(bytes[...])
            // A log has tens of megabytes: as it grows it is not to be copied into twice as much room each time.
            buffer.reserveCapacity(consumed + read.payloadLength)
            header = read
        }
        guard let known = header, let payload = take(known.payloadLength) else { return nil }
        header = nil
        return try known.frame(payload: payload)
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard buffer.count - consumed >= count else { return nil }
        if consumed == 0, count >= Self.largePayload {
            // It is handed over and not copied; what has come behind it is little.
            let rest = Array(buffer[count...])
            buffer.removeLast(rest.count)
            defer { buffer = rest }
            return buffer
        }
        let bytes = Array(buffer[consumed..<(consumed + count)])
        consumed += count
        if consumed == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            consumed = 0
        }
        return bytes
    }
}
