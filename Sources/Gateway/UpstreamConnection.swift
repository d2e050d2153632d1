// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One connection to an instance or to the control API. It serves one exchange at a time, on the event loop of that exchange's client.
///
/// Everything that knows how HTTP lies on the wire towards the function is behind this class, so that another way of forwarding can take its place.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let key: UpstreamPool.Key
    private let loop: GatewayLoop
    private var context: ChannelHandlerContext?
    private var reading = true
    /// Whose answer is due on it; nil while it is idle.
    private(set) var exchange: Exchange?
    var idleSince: NIODeadline = .uptimeNanoseconds(0)
    /// Whether an exchange ended well on it before: only then can it have been closed behind our back.
    private(set) var used = false
    private(set) var isOpen = true
    private var tunnel = Tunnel.no

    init(key: UpstreamPool.Key, loop: GatewayLoop) {
        self.key = key
        self.loop = loop
    }

    /// Where a connection leads.
    enum Target {
        case instance(ActiveInstance)
        case controlAPI(socket: String)
    }

    static func open(
        _ target: Target, _ key: UpstreamPool.Key, on loop: GatewayLoop, then: @escaping (Result<UpstreamConnection, any Error>) -> Void
    ) {
        let connection = UpstreamConnection(key: key, loop: loop)
        let bootstrap = connection.bootstrap()
        func finish(_ channel: EventLoopFuture<any Channel>) {
            channel.assumeIsolated().whenComplete { result in then(result.map { _ in connection }) }
        }
        switch target {
        case .controlAPI(let socket): finish(bootstrap.connect(unixDomainSocketPath: socket))
        case .instance(let instance):
            instance.openConnection(on: loop.eventLoop).assumeIsolated().whenComplete { result in
                switch result {
                case .success(let descriptor):
                    finish(bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).withConnectedSocket(descriptor))
                case .failure(let error): then(.failure(error))
                }
            }
        }
    }

    private func bootstrap() -> ClientBootstrap {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 64 << 10
        return ClientBootstrap(group: loop.eventLoop).channelInitializer { [limits] channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(HTTPRequestEncoder())
                let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
                try pipeline.addHandler(ByteToMessageHandler(decoder))
                try pipeline.addHandler(bound.value)
            }
        }
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    var channel: (any Channel)? { context?.channel }

    /// Whether what comes is not HTTP any more and goes to the handler behind this one.
    enum Tunnel { case no, begins, joined }

    func set(_ tunnel: Tunnel) { self.tunnel = tunnel }

    func begin(_ exchange: Exchange) { self.exchange = exchange }

    func send(_ head: HTTPRequestHead) { context?.write(wrapOutboundOut(.head(head)), promise: nil) }
    func send(_ body: ByteBuffer) { context?.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    func sendEnd(_ trailers: HTTPHeaders?) { context?.write(wrapOutboundOut(.end(trailers)), promise: nil) }
    func flush() { context?.flush() }

    /// Reading stops while the client takes no more; the kernel's buffers then hold the function back.
    func setReading(_ on: Bool) {
        guard reading != on, let context else { return }
        reading = on
        setAutoRead(context.channel, on)
    }

    /// The exchange is over. A connection goes back only if both sides can begin anew on it, and always reading: one that was given back while
    /// it did not read would stall its next user.
    func end(reusable: Bool) {
        exchange = nil
        guard reusable, isOpen, !loop.stopping else { return close() }
        setReading(true)
        used = true
        loop.idle.put(self, now: loop.clock.now())
    }

    func close() {
        exchange = nil
        isOpen = false
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        isOpen = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch tunnel {
        case .no: break
        // The end of the head's message still comes as a part; it says nothing.
        case .begins: return
        case .joined: return context.fireChannelRead(data)
        }
        // An answer that nobody asked for: whoever sends it cannot be trusted with the next request.
        guard let exchange else { return close() }
        exchange.answered(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if tunnel == .joined { context.fireChannelReadComplete() } else { exchange?.answerPaused() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if tunnel == .joined {
            context.fireChannelWritabilityChanged()
        } else {
            exchange?.upstreamWritabilityChanged(context.channel.isWritable)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { lost() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let ended = (error as? HTTPParserError) == .invalidEOFState
        if let exchange, !ended, error is HTTPParserError || error is NIOHTTPDecoderError {
            self.exchange = nil
            close()
            return exchange.answerUnparsable("\(error)")
        }
        context.close(promise: nil)
        lost()
    }

    private func lost() {
        isOpen = false
        if let exchange {
            self.exchange = nil
            exchange.upstreamLost()
        } else {
            loop.idle.remove(self)
        }
    }
}

/// Sets autoRead at once where the channel lets us, and says so nowhere if the channel is closed already: then there is nothing left to read.
func setAutoRead(_ channel: any Channel, _ on: Bool) {
    if let options = channel.syncOptions {
        do { try options.setOption(.autoRead, value: on) } catch { channel.close(promise: nil) }
    } else {
        channel.setOption(.autoRead, value: on).whenFailure { _ in channel.close(promise: nil) }
    }
}
