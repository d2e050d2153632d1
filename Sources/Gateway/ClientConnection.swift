// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Sockets

/// One client: reads heads, gives each request its exchange, one after the other, and writes what the exchange answers.
final class ClientConnection: WireUser, LoopClient {
    enum State {
        /// Between requests. `headDue` is set once the first byte of the next one has come.
        case idle(since: NIODeadline, headDue: NIODeadline?)
        case exchanging(Exchange)
        /// The answer is sent and the connection ends; the rest of the request is read and dropped for a while, since closing a socket with
        /// unread bytes would take the answer away from the client.
        case discarding(until: NIODeadline)
        /// Bytes of another protocol.
        case tunnel(Exchange)
        case closed
    }

    static let discardTime = TimeAmount.seconds(10)
    /// After which an idle connection keeps no head for a next request.
    static let restTime = TimeAmount.seconds(2)
    /// Bytes of later requests that are kept before reading stops.
    private static let keptBytes = 16 << 10

    let loop: GatewayLoop
    private(set) var wire: (any Wire)?
    var state: State
    var parser: RequestParser
    private var unread = ByteBuffer()
    private var working = false
    private var reading = true
    /// Bytes that have just come are being worked on; ``receivedAll()`` flushes what they cause.
    private(set) var isInRead = false
    var outgoing = PendingWrite()
    /// Since when the client has not taken what waits for it.
    var blockedSince: NIODeadline?
    /// Nothing more is read or written: it ends with what waits.
    var isClosing = false
    /// Whether the client takes more at this moment.
    var isWritable: Bool { wire?.isWritable ?? false }
    private(set) lazy var address: String = wire?.peerAddress ?? "unknown"
    private var origin: HeaderRules.Origin?
    private var route: Route?
    var place = 0

    /// `http` or `https`.
    let scheme: StaticString
    var isSecure: Bool { scheme.utf8CodeUnitCount == 5 }
    /// The first bytes of a socket may be those of HTTP/2. A channel has been asked before.
    private var mayBeHTTP2 = false

    /// - Parameter isStream: a stream of HTTP/2 carries one request.
    init(loop: GatewayLoop, scheme: StaticString, isStream: Bool = false) {
        self.loop = loop
        self.scheme = scheme
        parser = RequestParser(isStream: isStream)
        state = .idle(since: loop.clock.now(), headDue: nil)
    }

    /// What it lies on, once.
    func begin(on wire: any Wire) {
        self.wire = wire
        mayBeHTTP2 = wire is SocketConnection
        loop.add(self)
    }

    func ended(broken: Bool) {
        guard case let before = state, !isClosed else { return }
        state = .closed
        loop.remove(self)
        switch before {
        case .exchanging(let exchange): exchange.clientGone()
        case .tunnel(let exchange): exchange.tunnelEnded()
        case .idle, .discarding, .closed: break
        }
        wire = nil
    }

    private var isClosed: Bool { if case .closed = state { true } else { false } }

    func received(_ bytes: ByteBuffer) {
        // A request that comes now would have no answer.
        if isClosing { return }
        isInRead = true
        if case .tunnel(let exchange) = state { return exchange.tunnelled(toFunction: bytes) }
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
        if mayBeHTTP2, becomesHTTP2() { return }
        loop.read { work() }
    }

    /// HTTP/2 without TLS begins with words that are no request of HTTP/1.1 (RFC 9113 §3.4).
    private func becomesHTTP2() -> Bool {
        guard unread.readableBytes >= 3 || unread.getInteger(at: unread.readerIndex, as: UInt8.self) != UInt8(ascii: "P") else {
            if case .idle(let since, nil) = state { state = .idle(since: since, headDue: loop.clock.now() + loop.options.headTime) }
            return true
        }
        mayBeHTTP2 = false
        guard unread.readableBytesView.starts(with: "PRI".utf8), let socket = wire as? SocketConnection else { return false }
        let bytes = unread
        unread.clear()
        if let descriptor = socket.detach() { loop.speakHTTP2(descriptor, bytes) } else { socket.close() }
        ended(broken: false)
        return true
    }

    /// Takes parts out of what has come, as many as the present exchange can take.
    private func work() {
        guard !working else { return }
        working = true
        defer { working = false }
        do throws(Malformed) {
            while let part = try nextPart() { take(part) }
        } catch {
            unread.clear()
            switch state {
            case .exchanging(let exchange): exchange.requestUnparsable(error.reason)
            case .idle, .discarding, .tunnel, .closed: refuseHead(error.reason)
            }
        }
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    private func nextPart() throws(Malformed) -> RequestParser.Part? {
        switch state {
        case .idle(let since, let due):
            if let part = try parser.next(&unread) { return part }
            // The time for a head begins with its first byte; a head that comes at once needs no clock.
            if due == nil, unread.readableBytes > 0 { state = .idle(since: since, headDue: loop.clock.now() + loop.options.headTime) }
            return nil
        case .exchanging(let exchange):
            guard exchange.requestEnded else { return try parser.next(&unread) }
            if unread.readableBytes > Self.keptBytes { setReading(false) }
            return nil
        case .discarding:
            do throws(Malformed) { return try parser.next(&unread) } catch {
                unread.clear()
                return nil
            }
        case .tunnel, .closed: return nil
        }
    }

    private func take(_ part: RequestParser.Part) {
        switch state {
        case .idle:
            guard case .head(let head) = part else { return }
            let exchange = Exchange(head, client: self, loop: loop)
            state = .exchanging(exchange)
            exchange.begin()
        case .exchanging(let exchange): exchange.requested(part)
        case .discarding:
            if case .end = part { close() }
        case .tunnel, .closed: break
        }
    }

    func receivedAll() {
        isInRead = false
        switch state {
        case .exchanging(let exchange), .tunnel(let exchange): exchange.requestPaused()
        case .idle, .discarding, .closed: break
        }
    }

    func writabilityChanged() {
        blockedSince = isWritable && !isClosing ? nil : loop.clock.now()
        switch state {
        case .exchanging(let exchange), .tunnel(let exchange): exchange.clientWritabilityChanged(isWritable)
        case .idle, .discarding, .closed: break
        }
    }

    // MARK: What an exchange asks for

    /// Where its requests for `host` come from.
    func origin(host: String) -> HeaderRules.Origin {
        if let origin, origin.host == host { return origin }
        let origin = HeaderRules.Origin(address: address, host: host, scheme: scheme)
        self.origin = origin
        return origin
    }

    /// Where a request goes; one that asks as the one before it goes where that went.
    func destination(_ method: HTTPMethod, _ target: String, _ host: String?) -> Destination {
        if let route, route.target == target, route.host == host, route.method.isSame(as: method) { return route.to }
        let destination = Destination.of(method: method.rawValue, target: target, host: host)
        route = Route(method, target, host, to: destination)
        return destination
    }

    private final class Route {
        let method: HTTPMethod
        let target: String
        let host: String?
        let to: Destination

        init(_ method: HTTPMethod, _ target: String, _ host: String?, to: Destination) {
            (self.method, self.target, self.host, self.to) = (method, target, host, to)
        }
    }

    func setReading(_ on: Bool) {
        guard reading != on else { return }
        reading = on
        wire?.setReading(on)
    }

    func write(_ bytes: consuming ByteBuffer) { outgoing.add(bytes, to: wire) }
    func write(chunk: ByteBuffer) { outgoing.add(chunk: chunk, allocator: loop.allocator, to: wire) }
    func write(chunkedEnd trailers: HeaderFields) { outgoing.add(chunkedEnd: trailers, to: wire) }
    func flush() { outgoing.flush(to: wire) }

    /// The answer is written. With `keepAlive` the next request may begin.
    func exchangeEnded(_ exchange: Exchange, keepAlive: Bool) {
        guard case .exchanging = state else { return }
        guard keepAlive, exchange.requestEnded, !loop.stopping else {
            if exchange.requestEnded { return close() }
            flush()
            state = .discarding(until: loop.clock.now() + Self.discardTime)
            setReading(true)
            return work()
        }
        flush()
        state = .idle(since: loop.roughNow, headDue: nil)
        setReading(true)
        guard unread.readableBytes > 0 else { return }
        work()
        if case .exchanging(let exchange) = state { exchange.requestPaused() }
    }

    /// Hands the bare connection over to a tunnel.
    ///
    /// - Returns: bytes that came behind the request; nil where the client has gone, or the host is going.
    func becomeTunnel(_ exchange: Exchange) -> ByteBuffer? {
        guard !isClosed, !loop.stopping else { return nil }
        state = .tunnel(exchange)
        defer { unread = ByteBuffer() }
        return unread
    }

    func tunnelEnded() { if !isClosed { close() } }
}

/// A limit in words.
func seconds(_ amount: TimeAmount) -> String {
    let value = Double(amount.nanoseconds) / 1e9
    return value == value.rounded() ? "\(Int(value)) s" : "\(value) s"
}
