// SPDX-License-Identifier: Apache-2.0

import ByteReader
import ContentDigest
import GuestProtocol

/// What a guest said in answer to one question, from its first word to its last, so that it can be heard again.
///
/// Kept are the agent's own messages and not what was made of them: what they amount to is judged by whoever hears them. A log
/// that is kept beside is named by its digest.
struct Answer: Sendable, Hashable {
    /// The guest introduces itself, so that its libbpf's version is known.
    let ready: Ready
    let said: [GuestMessage]
    /// Logs of programs that are kept beside, by the message's place.
    let logs: [Int: LogReference]

    init(from ready: Ready, _ said: [GuestMessage], logs: [Int: LogReference] = [:]) {
        self.ready = ready
        self.said = said
        self.logs = logs
    }

    /// References to logs, if there are any, and the messages as frames, the way they came.
    ///
    /// ```
    ///  0  4 bytes  "logs"
    ///  4  u32      how many
    ///  8  each:    u32 place of the message, u64 bytes of the log, 32 bytes SHA-256 of the log
    ///     32 bytes SHA-256 of all before it
    /// ```
    var bytes: [UInt8] {
        let frames = ([.ready(ready)] + said).flatMap { $0.frame.encoded() }
        guard !logs.isEmpty else { return frames }
        var header = Self.mark + Self.bytes(UInt32(logs.count))
        for (place, log) in logs.sorted(by: { $0.key < $1.key }) {
            header += Self.bytes(UInt32(truncatingIfNeeded: place)) + Self.bytes(UInt64(log.bytes)) + log.digest.bytes
        }
        return header + ContentDigest(of: header).bytes + frames
    }

    private static let mark = Array("logs".utf8)
    private static let digestSize = 32
    private static let referenceSize = 4 + 8 + digestSize

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// nil where the bytes are anything but whole messages, checksums included.
    init?(_ bytes: [UInt8]) {
        guard let (logs, start) = Self.references(in: bytes) else { return nil }
        var frames = FrameDecoder()
        frames.append(bytes[start...])
        var messages: [GuestMessage] = []
        do throws(ProtocolError) {
            while let frame = try frames.next() { messages.append(try GuestMessage(frame)) }
        } catch {
            return nil
        }
        guard frames.isBetweenFrames, case .ready(let ready)? = messages.first else { return nil }
        self.init(from: ready, Array(messages.dropFirst()), logs: logs)
    }

    private static func references(in bytes: [UInt8]) -> (logs: [Int: LogReference], end: Int)? {
        guard bytes.starts(with: mark) else { return ([:], 0) }
        var reader = ByteReader(bytes[mark.count...])
        var logs: [Int: LogReference] = [:]
        do throws(ByteReaderError) {
            let count = Int(try reader.integer(UInt32.self))
            guard count <= reader.remaining / referenceSize else { return nil }
            for _ in 0..<count {
                let place = Int(try reader.integer(UInt32.self))
                guard let size = Int(exactly: try reader.integer(UInt64.self)),
                    let digest = ContentDigest(bytes: Array(try reader.bytes(digestSize)))
                else { return nil }
                logs[place] = LogReference(digest: digest, bytes: size)
            }
            let end = bytes.count - reader.remaining
            guard Array(try reader.bytes(digestSize)) == ContentDigest(of: bytes[..<end]).bytes else { return nil }
            return (logs, end + digestSize)
        } catch {
            return nil
        }
    }
}
