// SPDX-License-Identifier: Apache-2.0

import GuestProtocol

/// What a guest said in answer to one question, from its first word to its last, so that it can be heard again.
///
/// Kept are the agent's own messages and not what was made of them: what they amount to is judged by whoever hears them.
struct Answer: Sendable, Hashable {
    /// The guest introduces itself, so that its libbpf's version is known.
    let ready: Ready
    let said: [GuestMessage]

    init(from ready: Ready, _ said: [GuestMessage]) {
        self.ready = ready
        self.said = said
    }

    /// As frames, the way it came.
    var bytes: [UInt8] { ([.ready(ready)] + said).flatMap { $0.frame.encoded() } }

    /// nil where the bytes are anything but whole messages, checksums included.
    init?(_ bytes: [UInt8]) {
        var frames = FrameDecoder()
        frames.append(bytes)
        var messages: [GuestMessage] = []
        do throws(ProtocolError) {
            while let frame = try frames.next() { messages.append(try GuestMessage(frame)) }
        } catch {
            return nil
        }
        guard frames.isBetweenFrames, case .ready(let ready)? = messages.first else { return nil }
        self.init(from: ready, Array(messages.dropFirst()))
    }
}
