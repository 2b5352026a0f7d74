// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import NIOCore
import Synchronization

/// Why a conversation through one of QEMU's sockets ended; the machine makes a `MachineFailure` of it, with what the
/// console knows.
enum LinkFailure: Error, Hashable {
    case silent(waitingFor: String, limit: Duration)
    /// `inMessage`: in the middle of one.
    case disconnected(inMessage: Bool)
    case protocolBroken(ProtocolError)
    /// QEMU does not take what it is sent: it has ended, or does not want it.
    case notTaken(String)
}

/// Cuts what comes through a socket into messages.
protocol MessageDecoder: Sendable {
    associatedtype Message: Sendable

    init()
    mutating func append(_ bytes: ByteBufferView)
    /// The next whole message; nil until more has come.
    mutating func next() throws(ProtocolError) -> Message?
    /// Whether everything that has come belongs to a message that was handed out.
    var isBetweenMessages: Bool { get }
}

/// A conversation with whoever QEMU connects: messages come in, bytes go out.
struct SocketLink<Message: Sendable>: Sendable {
    /// A message, and how many bytes came for it.
    typealias Arrival = (message: Message, size: Int)

    private let arrivals: AsyncThrowingStream<Arrival, any Error>
    private let continuation: AsyncThrowingStream<Arrival, any Error>.Continuation
    private let connected: EventLoopPromise<any Channel>
    private let backlog: Backlog

    init(
        arrivals: AsyncThrowingStream<Arrival, any Error>,
        continuation: AsyncThrowingStream<Arrival, any Error>.Continuation,
        connected: EventLoopPromise<any Channel>,
        backlog: Backlog
    ) {
        self.arrivals = arrivals
        self.continuation = continuation
        self.connected = connected
        self.backlog = backlog
    }

    /// Returns once the bytes have been handed to QEMU, which takes no more than the guest takes from it.
    func send(_ bytes: [UInt8], within limit: Duration, waitingFor: String) async throws {
        try await withTimeLimit(limit, waitingFor: waitingFor) {
            try await withTaskCancellationHandler {
                let channel = try await connected.futureResult.get()
                do {
                    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
                } catch {
                    throw LinkFailure.disconnected(inMessage: false)
                }
            } onCancel: {
                // NIO's futures know nothing of cancellation; a message that was cut off ends the conversation anyway.
                end()
                connected.futureResult.whenSuccess { $0.close(promise: nil) }
            }
        }
    }

    /// The next message. `waitingFor` is said if it does not come within `limit`; one reader at a time.
    func next(within limit: Duration, waitingFor: String) async throws -> Message {
        let arrival = try await withTimeLimit(limit, waitingFor: waitingFor) {
            var iterator = arrivals.makeAsyncIterator()
            return try await iterator.next()
        }
        guard let arrival else {
            try Task.checkCancellation()
            throw LinkFailure.disconnected(inMessage: false)
        }
        backlog.remove(arrival.size)
        return arrival.message
    }

    /// Ends the conversation from this side: a reader that waits is told that the other is gone.
    func end() {
        continuation.finish(throwing: LinkFailure.disconnected(inMessage: false))
        connected.fail(LinkFailure.disconnected(inMessage: false))
    }
}

/// Runs `body`, which is cancelled at the limit.
///
/// - Throws: `LinkFailure.silent` then.
func withTimeLimit<Result: Sendable>(
    _ limit: Duration,
    waitingFor: String,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw LinkFailure.silent(waitingFor: waitingFor, limit: limit)
        }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}

/// How many bytes have come that nobody has asked for yet: what a guest can make its host keep has a limit.
final class Backlog: Sendable {
    /// Several of the largest messages.
    private static let limit = 256 << 20

    /// A lock, since bytes come on NIO's thread and are asked for on another; it is held for one addition.
    private let bytes = Mutex(0)

    /// False where that is too much.
    func add(_ count: Int) -> Bool {
        bytes.withLock { total in
            total += count
            return total <= Self.limit
        }
    }

    func remove(_ count: Int) {
        bytes.withLock { $0 -= count }
    }
}
