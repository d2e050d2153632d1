// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import Logging
internal import NIOCore
internal import NIOHTTP1

extension Exchange {
    /// The function agreed to speak WebSocket: from here on bytes go both ways unread, until one side ends or the function's time limit passes.
    func switchProtocols(_ head: HTTPResponseHead, _ upstream: UpstreamConnection) {
        guard webSocket != nil, requestEnded else {
            return badAnswer("it switches protocols to '\(head.headers.first(name: "upgrade") ?? "")', which was not asked for")
        }
        var out = AnswerHead(.switchingProtocols, allocator: loop.allocator)
        for (name, value) in head.headers where HeaderRules.isClean(value) && HeaderRules.passesToClient(HeaderName.of(name), value) {
            out.add(name, value)
        }
        out.add("Connection", "Upgrade")
        out.add("Upgrade", "websocket")
        out.add("X-Fc-Request-Id", id.text)
        out.end()
        client.write(out.bytes)
        client.flush()
        answer = .streaming(.untilClose)
        phase = .tunnel(upstream)
        upstream.set(.begins)
        // Not from inside the decoder that is to be taken out.
        loop.eventLoop.assumeIsolated().execute { self.joinEnds(upstream) }
    }

    private func joinEnds(_ upstream: UpstreamConnection) {
        guard case .tunnel = phase, let near = client.becomeTunnel(self), let far = upstream.channel else { return tunnelEnded() }
        let (nearEnd, farEnd) = (TunnelEnd(), TunnelEnd())
        nearEnd.other = farEnd
        farEnd.other = nearEnd
        do {
            try near.pipeline.syncOperations.addHandler(nearEnd)
            try far.pipeline.syncOperations.addHandler(farEnd)
            upstream.set(.joined)
            try far.pipeline.syncOperations.removeHandler(contextOf: HTTPRequestEncoder.self)
            // Bytes that came behind the head are passed on by the decoders as they leave.
            try far.pipeline.syncOperations.removeHandler(contextOf: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try near.pipeline.syncOperations.removeHandler(contextOf: ByteToMessageHandler<HTTPRequestDecoder>.self)
        } catch {
            loop.logger.error("cannot join a WebSocket: \(error)")
            tunnelEnded()
        }
    }

    /// One side has closed: so does the other, and the call is over.
    func tunnelEnded() {
        guard case .tunnel(let upstream) = phase else { return }
        phase = .over
        upstream.end(reusable: false)
        finishLease(.completed, error: nil)
        client.tunnelEnded()
    }
}

extension ChannelPipeline.SynchronousOperations {
    fileprivate func removeHandler<Handler: RemovableChannelHandler>(contextOf type: Handler.Type) throws {
        let context = try context(handlerType: type)
        removeHandler(context: context, promise: nil)
    }
}

/// One end of a tunnel: what arrives here is written there, and reading stops while the other side takes no more.
private final class TunnelEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    var other: TunnelEnd?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        other = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let there = other?.context else { return }
        // Flushed at once: what a decoder leaves behind comes without the end of a read.
        there.writeAndFlush(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
        if !there.channel.isWritable { setAutoRead(context.channel, false) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if let there = other?.context { setAutoRead(there.channel, context.channel.isWritable) }
    }
}
