// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Sockets

/// Time limits, refusals, and how a connection ends.
extension ClientConnection {
    func tick(_ now: NIODeadline) {
        if let blockedSince, now - blockedSince > loop.options.sendIdleTime { return closeNow() }
        switch state {
        case .idle(_, let due?) where now > due:
            refuse(
                .requestTimeout, "RequestTimeout",
                "the head of the request took longer than \(seconds(loop.options.headTime)) (limit: head)")
        case .idle(let since, nil) where now - since > loop.options.keepAliveTime || loop.hasLingered(now): close()
        case .idle(let since, nil) where now - since > Self.restTime: parser.rest()
        case .exchanging(let exchange), .tunnel(let exchange): exchange.tick(now)
        case .discarding(let until) where now > until: closeNow()
        case .idle, .discarding, .closed: break
        }
    }

    func refuseHead(_ reason: String) {
        refuse(
            .badRequest, "InvalidArgument", "this request could be understood in two ways, or is not HTTP/1.1, and is refused: \(reason)")
    }

    /// Answers outside of any exchange, because there is no head to begin one with.
    func refuse(_ status: HTTPResponseStatus, _ code: String, _ message: String) {
        let id = loop.newRequestID()
        let body = ErrorBody.service(.init(status: Int(status.code), code: code, message: message), id)
        var head = HeadWriter(status)
        head.add("X-Fc-Request-Id", id)
        head.add("Content-Type", "application/json")
        head.add(contentLength: body.utf8.count)
        head.add("Connection", "close")
        head.end()
        write(head.bytes)
        write(ByteBuffer(string: body))
        flush()
        state = .discarding(until: loop.clock.now() + Self.discardTime)
        wire?.closeOutput()
    }

    /// The host stops: a busy client goes with its answer, an idle one when it has lingered.
    func stop() {
        switch state {
        case .idle, .exchanging, .closed: break
        case .discarding: close()
        case .tunnel: closeNow()
        }
    }

    var mayAsk: Bool {
        switch state {
        case .idle: !isClosing
        case .exchanging(let exchange): exchange.awaitsControlAPI
        case .discarding, .tunnel, .closed: false
        }
    }

    /// Closes when everything that was written has gone out; a plain close would throw away what the client has not taken yet.
    func close() {
        flush()
        // Once: whoever does not take it is waited for no longer than any other, also who has taken a part.
        guard !isClosing else { return }
        isClosing = true
        wire?.closeWhenWritten()
        if wire != nil { blockedSince = loop.roughNow }
    }

    func closeNow() { wire?.close() }
}
