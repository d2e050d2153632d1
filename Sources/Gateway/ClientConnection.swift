// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import DequeModule
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// One client: reads heads, gives each request its exchange, one after the other, and writes what the exchange answers.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Between requests. `headDue` is set once the first byte of the next one has come.
        case idle(since: NIODeadline, headDue: NIODeadline?)
        case exchanging(Exchange)
        /// The answer is sent and the connection ends; the rest of the request is read and dropped for a while, since closing a socket with
        /// unread bytes would take the answer away from the client.
        case discarding(until: NIODeadline)
        /// Bytes of another protocol; the handler behind this one has them.
        case tunnel(Exchange)
        case closed
    }

    private static let discardTime = TimeAmount.seconds(10)
    /// Parts of later requests that are kept before reading stops.
    private static let queuedParts = 32
    private static let smallWrite = 2048

    private let loop: GatewayLoop
    private var context: ChannelHandlerContext?
    private var state: State
    private var queued: Deque<HTTPServerRequestPart> = []
    private var workingQueue = false
    private var reading = true
    private var outgoing: ByteBuffer?
    private var blockedSince: NIODeadline?
    private(set) lazy var address: String = context?.channel.remoteAddress?.ipAddress ?? "unknown"

    init(loop: GatewayLoop) {
        self.loop = loop
        state = .idle(since: loop.clock.now(), headDue: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        gone()
    }

    func channelInactive(context: ChannelHandlerContext) { gone() }

    private func gone() {
        guard case let before = state, !isClosed else { return }
        state = .closed
        loop.remove(self)
        switch before {
        case .exchanging(let exchange): exchange.clientGone()
        case .tunnel(let exchange): exchange.tunnelEnded()
        case .idle, .discarding, .closed: break
        }
    }

    private var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Bytes have come, of whatever: the time for a head begins with its first one.
    func bytesArrived() {
        if case .idle(let since, nil) = state { state = .idle(since: since, headDue: loop.clock.now() + loop.options.headTime) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .tunnel = state { context.fireChannelRead(data) } else { take(unwrapInboundIn(data)) }
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch state {
        case .idle:
            guard case .head(let head) = part else { return }
            let exchange = Exchange(head, client: self, loop: loop)
            state = .exchanging(exchange)
            exchange.begin()
        case .exchanging(let exchange) where exchange.requestEnded:
            queued.append(part)
            if queued.count > Self.queuedParts { setReading(false) }
        case .exchanging(let exchange): exchange.requested(part)
        case .discarding:
            if case .end = part { close() }
        case .tunnel, .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        switch state {
        case .exchanging(let exchange): exchange.requestPaused()
        case .tunnel: context.fireChannelReadComplete()
        case .idle, .discarding, .closed: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let writable = context.channel.isWritable
        blockedSince = writable ? nil : loop.clock.now()
        switch state {
        case .exchanging(let exchange): exchange.clientWritabilityChanged(writable)
        case .tunnel: context.fireChannelWritabilityChanged()
        case .idle, .discarding, .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .idle where error is HTTPParserError:
            refuseHead("\(error)")
        case .exchanging(let exchange) where error is HTTPParserError: exchange.requestUnparsable("\(error)")
        case .closed: break
        default: context.close(promise: nil)
        }
    }

    // MARK: What an exchange asks for

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func setReading(_ on: Bool) {
        guard reading != on, let context else { return }
        reading = on
        setAutoRead(context.channel, on)
    }

    /// Small pieces are put together, so that a short answer is one write.
    func write(_ bytes: ByteBuffer) {
        guard var gathered = outgoing else {
            outgoing = bytes
            return
        }
        if bytes.readableBytes <= Self.smallWrite {
            gathered.writeImmutableBuffer(bytes)
            outgoing = gathered
        } else {
            context?.write(wrapOutboundOut(gathered), promise: nil)
            outgoing = bytes
        }
    }

    func flush() {
        guard let gathered = outgoing else { return }
        outgoing = nil
        context?.writeAndFlush(wrapOutboundOut(gathered), promise: nil)
    }

    /// The answer is written. With `keepAlive` the next request may begin.
    func exchangeEnded(_ exchange: Exchange, keepAlive: Bool) {
        guard case .exchanging = state else { return }
        guard keepAlive, exchange.requestEnded, !loop.stopping else {
            if exchange.requestEnded { return close() }
            flush()
            state = .discarding(until: loop.clock.now() + Self.discardTime)
            return setReading(true)
        }
        flush()
        state = .idle(since: loop.clock.now(), headDue: nil)
        setReading(true)
        workQueue()
    }

    private func workQueue() {
        guard !workingQueue else { return }
        workingQueue = true
        defer { workingQueue = false }
        while !queued.isEmpty {
            if case .exchanging(let exchange) = state, exchange.requestEnded { return }
            take(queued.removeFirst())
        }
        if case .exchanging(let exchange) = state { exchange.requestPaused() }
    }

    /// Hands the bare connection over to a tunnel.
    func becomeTunnel(_ exchange: Exchange) -> (any Channel)? {
        guard !isClosed, let context else { return nil }
        state = .tunnel(exchange)
        return context.channel
    }

    func tunnelEnded() { if !isClosed { close() } }

    // MARK: Limits and ends

    func tick(_ now: NIODeadline) {
        if let blockedSince, now - blockedSince > loop.options.sendIdleTime { return closeNow() }
        switch state {
        case .idle(_, let due?) where now > due:
            refuse(
                .requestTimeout, "RequestTimeout",
                "the head of the request took longer than \(seconds(loop.options.headTime)) (limit: head)")
        case .idle(let since, nil) where now - since > loop.options.keepAliveTime: close()
        case .exchanging(let exchange), .tunnel(let exchange): exchange.tick(now)
        case .discarding(let until) where now > until: closeNow()
        case .idle, .discarding, .closed: break
        }
    }

    private func refuseHead(_ reason: String) {
        refuse(.badRequest, "InvalidArgument", "this is not a request that HTTP/1.1 allows: \(reason)")
    }

    /// Answers outside of any exchange, because there is no head to begin one with.
    private func refuse(_ status: HTTPResponseStatus, _ code: String, _ message: String) {
        let id = loop.newRequestID()
        let body = ErrorBody.service(.init(status: Int(status.code), code: code, message: message), id)
        var head = AnswerHead(status, allocator: loop.allocator)
        head.add("X-Fc-Request-Id", id.text)
        head.add("Content-Type", "application/json")
        head.add(contentLength: body.utf8.count)
        head.add("Connection", "close")
        head.end()
        write(head.bytes)
        write(ByteBuffer(string: body))
        flush()
        state = .discarding(until: loop.clock.now() + Self.discardTime)
        context?.close(mode: .output, promise: nil)
    }

    /// The host stops: an idle client goes now, a busy one with its answer.
    func stop() {
        switch state {
        case .idle, .discarding: close()
        case .tunnel: closeNow()
        case .exchanging(let exchange): exchange.hostStops()
        case .closed: break
        }
    }

    /// Closes when everything that was written has gone out; a plain close would throw away what the client has not taken yet.
    private func close() {
        guard let context else { return }
        let last = outgoing ?? ByteBuffer()
        outgoing = nil
        context.writeAndFlush(wrapOutboundOut(last)).assumeIsolated().whenComplete { _ in self.closeNow() }
    }

    func closeNow() { context?.close(promise: nil) }
}

/// A limit in words.
func seconds(_ amount: TimeAmount) -> String {
    let value = Double(amount.nanoseconds) / 1e9
    return value == value.rounded() ? "\(Int(value)) s" : "\(value) s"
}

/// Tells the connection that bytes have come, before they are parsed: a head that never ends makes no other sound.
final class ArrivalWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let client: ClientConnection

    init(_ client: ClientConnection) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client.bytesArrived()
        context.fireChannelRead(data)
    }
}
