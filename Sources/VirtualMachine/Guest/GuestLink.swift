// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import NIOCore

/// The conversation with the agent in a running guest.
///
/// Its errors end the conversation: `withVirtualMachine` turns them into a `MachineFailure` as they leave its body.
public struct GuestLink: Sendable {
    private let socket: SocketLink<GuestMessage>

    init(_ socket: SocketLink<GuestMessage>) {
        self.socket = socket
    }

    /// How long a guest may leave bytes untaken: megabytes take it some tens of milliseconds.
    private static let sendLimit = Duration.seconds(60)

    /// Says something to the agent; returns once the bytes have been handed to QEMU.
    public func send(_ message: HostMessage) async throws {
        try await socket.send(
            message.frame.encoded(),
            within: Self.sendLimit,
            waitingFor: "the guest to take what it is sent"
        )
    }

    /// The agent's next message. `waitingFor` is said if it does not come within `limit`; one reader at a time.
    public func next(within limit: Duration, waitingFor: String) async throws -> GuestMessage {
        try await socket.next(within: limit, waitingFor: waitingFor)
    }

    /// Ends the conversation from this side: a reader that waits is told that the guest is gone.
    func end() {
        socket.end()
    }
}

/// Frames, each of which is one of the agent's messages.
struct GuestMessageDecoder: MessageDecoder {
    private var frames = FrameDecoder()

    mutating func append(_ bytes: ByteBufferView) {
        frames.append(bytes)
    }

    mutating func next() throws(ProtocolError) -> GuestMessage? {
        guard let frame = try frames.next() else { return nil }
        return try GuestMessage(frame)
    }

    var isBetweenMessages: Bool { frames.isBetweenFrames }
}
