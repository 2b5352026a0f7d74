// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import NIOCore
import NIOPosix
import SystemPackage

/// Waits for QEMU to connect the guest's port, and turns what comes through it into messages.
///
/// The host listens and QEMU connects: an emulator whose host is gone can't start.
struct GuestListener: Sendable {
    private let server: any Channel
    let link: GuestLink

    static func open(at socket: FilePath) async throws -> GuestListener {
        let (messages, continuation) = AsyncThrowingStream<GuestMessage, any Error>.makeStream()
        let connected = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: (any Channel).self)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        GuestMessageHandler(continuation: continuation, connected: connected)
                    )
                }
            }
            .bind(unixDomainSocketPath: socket.string)
            .get()
        return GuestListener(
            server: server,
            link: GuestLink(messages: messages, continuation: continuation, connected: connected)
        )
    }

    func close() async {
        link.end()
        try? await server.close()
    }
}

/// Cuts the guest's bytes into messages; ends the stream of messages when the guest's end is closed or makes no sense.
/// NIO calls it from the channel's event loop only.
private final class GuestMessageHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncThrowingStream<GuestMessage, any Error>.Continuation
    private let connected: EventLoopPromise<any Channel>
    private var decoder = FrameDecoder()

    init(
        continuation: AsyncThrowingStream<GuestMessage, any Error>.Continuation,
        connected: EventLoopPromise<any Channel>
    ) {
        self.continuation = continuation
        self.connected = connected
    }

    func channelActive(context: ChannelHandlerContext) {
        connected.succeed(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data).readableBytesView)
        do throws(ProtocolError) {
            while let frame = try decoder.next() { continuation.yield(try GuestMessage(frame)) }
        } catch {
            continuation.finish(throwing: LinkFailure.protocolBroken(error))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // A frame that was begun and not finished is a broken conversation, whatever ended it.
        continuation.finish(throwing: LinkFailure.disconnected(inFrame: !decoder.isBetweenFrames))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish(throwing: LinkFailure.disconnected(inFrame: !decoder.isBetweenFrames))
        context.close(promise: nil)
    }
}
