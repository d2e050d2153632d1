// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One connection to an instance or to the control API. It serves one exchange at a time, on the event loop of that exchange's client.
///
/// Everything that knows how HTTP lies on the wire towards the function is behind this class, so that another way of forwarding can take its place.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let key: UpstreamPool.Key
    private let loop: GatewayLoop
    private var context: ChannelHandlerContext?
    private var parser = ResponseParser()
    private var unread = ByteBuffer()
    private var outgoing = PendingWrite()
    private var chunked = false
    private var reading = true
    private var isTunnel = false
    /// Whose answer is due on it; nil while it is idle.
    private(set) var exchange: Exchange?
    var idleSince: NIODeadline = .uptimeNanoseconds(0)
    /// Whether an exchange ended well on it before: only then can it have been closed behind our back.
    private(set) var used = false
    private(set) var isOpen = true

    /// A stream of HTTP/2 carries one exchange.
    private let isStream: Bool

    private init(key: UpstreamPool.Key, isStream: Bool, loop: GatewayLoop) {
        self.key = key
        self.isStream = isStream
        self.loop = loop
    }

    /// Where a connection leads.
    enum Target {
        case instance(ActiveInstance)
        case controlAPI(socket: String)
    }

    static func open(
        _ target: Target, _ key: UpstreamPool.Key, http2: Bool, on loop: GatewayLoop,
        then: @escaping (Result<UpstreamConnection, any Error>) -> Void
    ) {
        let connection = UpstreamConnection(key: key, isStream: http2, loop: loop)
        let bound = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        let bootstrap = ClientBootstrap(group: loop.eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
        }
        func finish(_ channel: EventLoopFuture<any Channel>) {
            channel.assumeIsolated().whenComplete { result in then(result.map { _ in connection }) }
        }
        switch target {
        case .controlAPI(let socket): finish(bootstrap.connect(unixDomainSocketPath: socket))
        case .instance(let instance) where http2: finish(loop.http2.open(instance, connection, on: loop))
        case .instance(let instance):
            instance.openConnection(on: loop.eventLoop).assumeIsolated().whenComplete { result in
                switch result {
                case .success(let descriptor):
                    Lingering.none(descriptor)
                    finish(bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).withConnectedSocket(descriptor))
                case .failure(let error): then(.failure(error))
                }
            }
        }
    }

    /// Whether the function takes more of the request at this moment.
    private(set) var isWritable = false

    // MARK: The request

    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        parser.answersHEAD = exchange.head.method == .HEAD
    }

    /// - Parameter chunked: whether the head says so of the body that follows.
    func send(head: ByteBuffer, chunked: Bool) {
        self.chunked = chunked
        outgoing.add(head, to: context)
    }

    func send(_ body: ByteBuffer) {
        if chunked { outgoing.add(chunk: body, allocator: loop.allocator, to: context) } else { outgoing.add(body, to: context) }
    }

    func sendEnd(_ trailers: HeaderFields) {
        if chunked { outgoing.add(chunkedEnd: trailers, to: context) }
    }

    func flush() { outgoing.flush(to: context, of: loop) }

    /// Reading stops while the client takes no more; the kernel's buffers then hold the function back.
    func setReading(_ on: Bool) {
        guard reading != on, let context else { return }
        reading = on
        setAutoRead(context.channel, on)
    }

    /// From here on bytes of another protocol go both ways.
    ///
    /// - Returns: those that came behind the head.
    func becomeTunnel() -> ByteBuffer {
        isTunnel = true
        chunked = false
        defer { unread = ByteBuffer() }
        return unread
    }

    // MARK: Its ends

    /// The exchange is over. A connection goes back only if both sides can begin anew on it, and always reading: one that was given back while
    /// it did not read would stall its next user. Bytes behind the answer are an answer that nobody asked for: whoever sends it cannot be trusted with
    /// the next request.
    func end(reusable: Bool) {
        exchange = nil
        guard reusable, !isStream, isOpen, unread.readableBytes == 0, !loop.stopping else { return close() }
        setReading(true)
        used = true
        loop.idle.put(self, now: loop.roughNow)
    }

    func close() {
        exchange = nil
        isOpen = false
        guard let context else { return }
        Lingering.ordinary(context.channel)
        context.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        if !isStream { outgoing.goStraight(to: BareSocket(context)) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        isWritable = false
        isOpen = false
        outgoing.goStraight(to: nil)
    }

    // MARK: The answer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return close() }
        var bytes = unwrapInboundIn(data)
        if isTunnel { return exchange.tunnelled(toClient: bytes) }
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeBuffer(&bytes) }
        loop.read { read() }
    }

    private func read() {
        do throws(Malformed) {
            while !isTunnel, let exchange, let part = try parser.next(&unread) { exchange.answered(part) }
        } catch {
            guard let exchange else { return }
            close()
            return exchange.answerUnparsable(error.reason)
        }
        if exchange == nil, unread.readableBytes > 0 { close() }
        // The storage goes back to whoever reads next.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.answerPaused() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        exchange?.upstreamWritabilityChanged(isWritable)
    }

    func channelInactive(context: ChannelHandlerContext) {
        outgoing.goStraight(to: nil)
        if let exchange, isOpen, parser.endsWithConnection {
            isOpen = false
            return exchange.answered(.end(.none))
        }
        lost()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lost()
        context.close(promise: nil)
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
        do { try options.setOption(.autoRead, value: on) } catch { return channel.close(promise: nil) }
        // A stream of HTTP/2 takes the option as a word about later reads only.
        if on { channel.read() }
    } else {
        channel.setOption(.autoRead, value: on).whenComplete { result in
            if case .failure = result { return channel.close(promise: nil) }
            if on { channel.read() }
        }
    }
}
