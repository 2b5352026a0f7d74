// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import NIOCore

/// Why a conversation with a guest ended; the machine makes a `MachineFailure` of it, with what the console knows.
enum LinkFailure: Error, Hashable {
    case silent(waitingFor: String, limit: Duration)
    /// `inFrame`: in the middle of a message.
    case disconnected(inFrame: Bool)
    case protocolBroken(ProtocolError)
}

/// The conversation with the agent in a running guest.
///
/// Its errors end the conversation: `withVirtualMachine` turns them into a `MachineFailure` as they leave its body.
public struct GuestLink: Sendable {
    private let messages: AsyncThrowingStream<GuestMessage, any Error>
    private let continuation: AsyncThrowingStream<GuestMessage, any Error>.Continuation
    private let connected: EventLoopPromise<any Channel>

    init(
        messages: AsyncThrowingStream<GuestMessage, any Error>,
        continuation: AsyncThrowingStream<GuestMessage, any Error>.Continuation,
        connected: EventLoopPromise<any Channel>
    ) {
        self.messages = messages
        self.continuation = continuation
        self.connected = connected
    }

    /// Says something to the agent; returns once the bytes have been handed to QEMU.
    public func send(_ message: HostMessage) async throws {
        let channel = try await connected.futureResult.get()
        do {
            try await channel.writeAndFlush(ByteBuffer(bytes: message.frame.encoded())).get()
        } catch {
            throw LinkFailure.disconnected(inFrame: false)
        }
    }

    /// The agent's next message. `waitingFor` is said if it does not come within `limit`; one reader at a time.
    public func next(within limit: Duration, waitingFor: String) async throws -> GuestMessage {
        try await withThrowingTaskGroup(of: GuestMessage?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                var iterator = messages.makeAsyncIterator()
                return try await iterator.next()
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw LinkFailure.silent(waitingFor: waitingFor, limit: limit)
            }
            if let message = try await group.next() ?? nil { return message }
            try Task.checkCancellation()
            throw LinkFailure.disconnected(inFrame: false)
        }
    }

    /// Ends the conversation from this side: a reader that waits is told that the guest is gone.
    func end() {
        continuation.finish(throwing: LinkFailure.disconnected(inFrame: false))
        connected.fail(LinkFailure.disconnected(inFrame: false))
    }
}
