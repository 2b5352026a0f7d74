// SPDX-License-Identifier: Apache-2.0

/// Cuts a byte stream into frames, however the transport cut it into pieces.
public struct FrameDecoder: Sendable {
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline var consumed = 0
    private var header: FrameHeader?

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
            header = try FrameHeader(bytes[...])
        }
        guard let known = header, let payload = take(known.payloadLength) else { return nil }
        header = nil
        return try known.frame(payload: payload)
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard buffer.count - consumed >= count else { return nil }
        let bytes = Array(buffer[consumed..<(consumed + count)])
        consumed += count
        if consumed == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            consumed = 0
        }
        return bytes
    }
}
