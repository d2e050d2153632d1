// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionLog
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// The answer on its way to the client.
extension Exchange {
    func answered(_ part: HTTPClientResponsePart) {
        guard case .forwarding(let upstream) = phase else { return }
        switch part {
        case .head(let head):
            noteFirstByte()
            reusable = head.isKeepAlive
            switch kind {
            case .event:
                // Status and headers of an event's answer mean nothing but for this one. Source: Function Compute contract §7.2.
                answer = .held(error: head.headers.contains(name: "x-fc-status"), ByteBuffer())
            case .http: passHead(head, upstream)
            case .controlAPI: passHead(head, upstream)
            case .unknown: break
            }
        case .body(let bytes): answeredBody(bytes, upstream)
        case .end: answerEnded(upstream)
        }
    }

    func answerPaused() { if case .streaming = answer { client.flush() } }

    private func noteFirstByte() {
        guard coldStart == nil, let lease, let start = lease.start, let version else { return }
        let now = loop.clock.now()
        let startedTime = loop.clock.unixMilliseconds() - (now - arrived).nanoseconds / 1_000_000
        coldStart = start.record(instance: lease.instance.id, request: id, arrived: arrived, firstByte: now, startedTime: startedTime)
        if let coldStart { loop.activation.record(coldStart, of: version.name) }
    }

    // MARK: Status, headers and body as they are

    private func passHead(_ head: HTTPResponseHead, _ upstream: UpstreamConnection) {
        if head.status == .switchingProtocols { return switchProtocols(head, upstream) }
        let isAPI = lease == nil
        var size = 0
        for (name, value) in head.headers {
            size += name.utf8.count + value.utf8.count + 4
            guard HeaderRules.isClean(value) else { return badAnswer("header '\(name)' has a control character in it") }
        }
        guard isAPI || size <= loop.options.answerHeaderBytes else {
            return badAnswer("its header fields have \(size) bytes; the limit is \(loop.options.answerHeaderBytes)")
        }
        var length: String?
        var isShared = false
        var out = AnswerHead(head.status, allocator: loop.allocator)
        for (name, value) in head.headers {
            let meaning = HeaderName.of(name)
            if case .contentLength = meaning { length = value }
            if !crossOriginFields.isEmpty, name.lowercased() == "access-control-allow-origin" { isShared = true }
            if isAPI ? passesFromAPI(meaning) : HeaderRules.passesToClient(meaning, value) { out.add(name, value) }
        }
        if !isAPI {
            out.add("Date", loop.dateText())
            out.add("X-Fc-Request-Id", id.text)
            // A function that answers pages of other origins itself knows better.
            if !isShared { for field in crossOriginFields { out.add(field.name, field.value) } }
            if let version { out.add("X-Fc-Invocation-Function-Version", version.version.key.version) }
        }
        let framing = framing(head.status, length)
        switch framing {
        case .noBody, .length: if let length, head.status != .noContent { out.add("Content-Length", length) }
        case .chunked: out.add("Transfer-Encoding", "chunked")
        case .untilClose: break
        }
        keepAlive = mayKeepAlive && { if case .untilClose = framing { false } else { true } }()
        if !keepAlive { out.add("Connection", "close") } else if self.head.version == .http1_0 { out.add("Connection", "keep-alive") }
        out.end()
        answer = .streaming(framing)
        client.write(out.bytes)
        pauseIfBlocked(upstream)
    }

    private func passesFromAPI(_ name: HeaderName) -> Bool {
        switch name {
        case .hopByHop, .connection, .upgrade, .contentLength, .transferEncoding: false
        default: true
        }
    }

    private func framing(_ status: HTTPResponseStatus, _ length: String?) -> Framing {
        if head.method == .HEAD || status == .noContent || status == .notModified { return .noBody }
        if length != nil { return .length }
        return head.version == .http1_0 ? .untilClose : .chunked
    }

    private func answeredBody(_ bytes: ByteBuffer, _ upstream: UpstreamConnection) {
        switch answer {
        case .none: break
        case .held(let error, var kept):
            answer = .none
            kept.writeImmutableBuffer(bytes)
            answer = .held(error: error, kept)
            if kept.readableBytes > heldLimit { releaseHeld(error, kept, upstream) }
        case .streaming(let framing):
            pass(bytes, framing)
            pauseIfBlocked(upstream)
        }
    }

    func pass(_ bytes: ByteBuffer, _ framing: Framing) {
        switch framing {
        case .noBody: break
        case .length, .untilClose: client.write(bytes)
        case .chunked:
            guard bytes.readableBytes > 0 else { return }
            client.write(ByteBuffer(string: String(bytes.readableBytes, radix: 16) + "\r\n"))
            client.write(bytes)
            client.write(ByteBuffer(staticString: "\r\n"))
        }
    }

    /// The client takes no more: neither do we, and so neither does the function's socket.
    func pauseIfBlocked(_ upstream: UpstreamConnection) {
        if !client.isWritable { upstream.setReading(false) }
    }

    var mayKeepAlive: Bool { head.isKeepAlive && requestEnded && !loop.stopping && facts?.upgrade == nil }

    // MARK: The end

    private func answerEnded(_ upstream: UpstreamConnection) {
        switch answer {
        case .none: return
        case .held(let error, let body): finishHeld(error, body, upstream)
        case .streaming(let framing):
            if case .chunked = framing { client.write(ByteBuffer(staticString: "0\r\n\r\n")) }
            giveBack(upstream)
            client.exchangeEnded(self, keepAlive: keepAlive)
        }
    }

    /// The call is over and went well, as far as the gateway can tell.
    func giveBack(_ upstream: UpstreamConnection) {
        phase = .over
        upstream.end(reusable: reusable && requestEnded)
        finishLease(.completed, error: nil)
    }

    func finishLease(_ end: Lease.End, error: String?) {
        guard let lease else { return }
        self.lease = nil
        lease.instance.log?.requestFinished(id, error: error)
        lease.finish(end)
    }

    var elapsed: TimeAmount { forwardedAt.map { loop.clock.now() - $0 } ?? .zero }
}
