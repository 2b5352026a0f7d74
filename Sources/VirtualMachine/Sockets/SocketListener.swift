// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import NIOCore
import NIOPosix
import SystemPackage

/// Waits at a socket for QEMU to connect, and turns what comes through it into messages.
///
/// The host listens and QEMU connects: an emulator whose host is gone can't start.
struct SocketListener<Decoder: MessageDecoder>: Sendable {
    typealias Link = SocketLink<Decoder.Message>

    private let server: any Channel
    let link: Link

    static func open(at socket: FilePath) async throws -> SocketListener {
        let (arrivals, continuation) = AsyncThrowingStream<Link.Arrival, any Error>.makeStream()
        let backlog = Backlog()
        let connected = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: (any Channel).self)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        MessageHandler<Decoder>(continuation: continuation, connected: connected, backlog: backlog)
                    )
                }
            }
            .bind(unixDomainSocketPath: socket.string)
            .get()
        return SocketListener(
            server: server,
            link: SocketLink(
                arrivals: arrivals,
                continuation: continuation,
                connected: connected,
                backlog: backlog
            )
        )
    }

    func close() async {
        link.end()
        try? await server.close()
    }

    /// Runs `body` while the socket is open.
    static func with<Result: Sendable>(
        _ socket: FilePath,
        _ body: (Link) async throws -> Result
    ) async throws -> Result {
        let listener = try await open(at: socket)
        do {
            let result = try await body(listener.link)
            await listener.close()
            return result
        } catch {
            await listener.close()
            throw error
        }
    }
}

/// Ends the stream of messages when the other end is closed or makes no sense. NIO calls it from the channel's event
/// loop only.
private final class MessageHandler<Decoder: MessageDecoder>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    typealias Arrival = SocketLink<Decoder.Message>.Arrival

    private let continuation: AsyncThrowingStream<Arrival, any Error>.Continuation
    private let connected: EventLoopPromise<any Channel>
    private let backlog: Backlog
    private var decoder = Decoder()
    /// Bytes that no message has accounted for yet.
    private var unclaimed = 0

    init(
        continuation: AsyncThrowingStream<Arrival, any Error>.Continuation,
        connected: EventLoopPromise<any Channel>,
        backlog: Backlog
    ) {
        self.continuation = continuation
        self.connected = connected
        self.backlog = backlog
    }

    func channelActive(context: ChannelHandlerContext) {
        connected.succeed(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data).readableBytesView
        decoder.append(bytes)
        unclaimed += bytes.count
        do throws(ProtocolError) {
            guard backlog.add(bytes.count) else {
                throw .malformed(message: "stream", reason: "more comes than anybody can hear")
            }
            while let message = try decoder.next() {
                continuation.yield((message, unclaimed))
                unclaimed = 0
            }
        } catch {
            continuation.finish(throwing: LinkFailure.protocolBroken(error))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // A message that was begun and not finished is a broken conversation, whatever ended it.
        continuation.finish(throwing: LinkFailure.disconnected(inMessage: !decoder.isBetweenMessages))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish(throwing: LinkFailure.disconnected(inMessage: !decoder.isBetweenMessages))
        context.close(promise: nil)
    }
}
