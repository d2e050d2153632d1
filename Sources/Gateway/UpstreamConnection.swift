// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Sockets

/// One connection to an instance or to the control API. It serves one exchange at a time, on the event loop of that exchange's client.
///
/// Everything that knows how HTTP lies on the wire towards the function is behind this class, so that another way of forwarding can take its place.
final class UpstreamConnection: WireUser {
    let key: UpstreamPool.Key
    private let loop: GatewayLoop
    private var wire: (any Wire)?
    private var parser: ResponseParser
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
    let isStream: Bool

    init(key: UpstreamPool.Key, isStream: Bool, loop: GatewayLoop) {
        self.key = key
        self.isStream = isStream
        parser = ResponseParser(isStream: isStream)
        self.loop = loop
    }

    /// Whether the function takes more of the request at this moment.
    var isWritable: Bool { wire?.isWritable ?? false }

    // MARK: The request

    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        parser.answersHEAD = exchange.head.method.isHEAD
    }

    /// - Parameter chunked: whether the head says so of the body that follows.
    func send(head: consuming ByteBuffer, chunked: Bool) {
        self.chunked = chunked
        outgoing.add(head, to: wire)
    }

    func send(_ body: ByteBuffer) {
        if chunked { outgoing.add(chunk: body, allocator: loop.allocator, to: wire) } else { outgoing.add(body, to: wire) }
    }

    func sendEnd(_ trailers: HeaderFields) {
        if chunked { outgoing.add(chunkedEnd: trailers, to: wire) }
    }

    func flush() { outgoing.flush(to: wire) }

    /// Reading stops while the client takes no more; the kernel's buffers then hold the function back.
    func setReading(_ on: Bool) {
        guard reading != on else { return }
        reading = on
        wire?.setReading(on)
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
        wire?.endOrdinarily()
        wire?.close()
    }

    /// What it lies on, once.
    func begin(on wire: any Wire) { self.wire = wire }

    // MARK: The answer

    func received(_ bytes: ByteBuffer) {
        guard exchange != nil else { return close() }
        if isTunnel {
            exchange?.tunnelled(toClient: bytes)
            return
        }
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
        loop.read { read() }
    }

    private func read() {
        guard let exchange else { return }
        do throws(Malformed) {
            while !isTunnel, self.exchange === exchange, let part = try parser.next(&unread) { exchange.answered(part, by: self) }
        } catch {
            close()
            return exchange.answerUnparsable(error.reason)
        }
        if self.exchange == nil, unread.readableBytes > 0 { close() }
        // The storage goes back to whoever reads next.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    func receivedAll() { exchange?.answerPaused() }

    func writabilityChanged() { exchange?.upstreamWritabilityChanged(isWritable) }

    func ended(broken: Bool) {
        wire = nil
        if !broken, let exchange, isOpen, parser.endsWithConnection {
            isOpen = false
            return exchange.answered(.end(nil), by: self)
        }
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
