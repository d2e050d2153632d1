// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionLog
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// The answer on its way to the client.
extension Exchange {
    func answered(_ part: consuming ResponseParser.Part, by upstream: UpstreamConnection) {
        guard isForwarding else { return }
        switch consume part {
        case .head(let head) where head.isInterim: passInterim(head)
        case .head(let head):
            lastAnswerByte = loop.roughNow
            noteFirstByte()
            reusable = head.isKeepAlive
            switch kind {
            case .event:
                // Status and headers of an event's answer mean nothing but for this one. Source: Function Compute contract §7.2.
                functionFailed = head.headers.contains(name: "x-fc-status")
                answer = .held(error: functionFailed, ByteBuffer())
            case .http:
                functionFailed = head.status >= 500
                passHead(head, upstream)
            case .controlAPI: passHead(head, upstream)
            case .unknown, .queued: break
            }
        case .body(let bytes):
            lastAnswerByte = loop.roughNow
            answeredBody(bytes, upstream)
        case .end(let trailers): answerEnded(trailers, upstream)
        }
    }

    func answerPaused() { if case .streaming = answer { client.flush() } }

    /// An answer before the answer (RFC 9110 §15.2), such as 103 with hints. 100 was said already where it was asked for, and HTTP/1.0 knows none.
    private func passInterim(_ head: ResponseHead) {
        guard case .http = kind, head.status != 100, self.head.version == .http1_1, case .none = answer else { return }
        var out = HeadWriter(head)
        out.add(head.headers) { HeaderRules.passesToClient($0, of: head.headers) }
        out.end()
        client.write(out.bytes)
        client.flush()
    }

    private func noteFirstByte() {
        guard isFirstCall, coldStart == nil, let lease, let start = lease.start, let version else { return }
        lease.instance.hasAnswered()
        let now = loop.clock.now()
        let startedTime = loop.clock.unixMilliseconds() - (now - arrived).nanoseconds / 1_000_000
        if let coldStart = start.record(
            instance: lease.instance.id, request: id, arrived: arrived, firstByte: now, startedTime: startedTime)
        {
            own.coldStart = coldStart
            loop.activation.record(coldStart, of: version.name)
            version.meter.started(coldStart)
        }
    }

    // MARK: Status, headers and body as they are

    private func passHead(_ head: ResponseHead, _ upstream: UpstreamConnection) {
        if head.status == 101 { return switchProtocols(head, upstream) }
        let isAPI = lease == nil
        guard isAPI || head.fieldBytes <= loop.options.answerHeaderBytes else {
            return badAnswer("its header fields have \(head.fieldBytes) bytes; the limit is \(loop.options.answerHeaderBytes)")
        }
        var out = passedHeadStart(head)
        if !isAPI {
            out.add(lines: loop.dateLine())
            out.add("X-Fc-Request-Id", id)
            // A function that answers pages of other origins itself knows better.
            if let seldom, !seldom.crossOriginFields.isEmpty, !head.headers.contains(name: "access-control-allow-origin") {
                for field in seldom.crossOriginFields { out.add(name: field.name, field.value) }
            }
        }
        let framing = framing(head)
        switch framing {
        case .noBody, .length: if let length = head.contentLength, head.status != 204 { out.add(contentLength: length) }
        case .chunked: out.add("Transfer-Encoding", "chunked")
        case .untilClose: break
        }
        keepAlive = mayKeepAlive && { if case .untilClose = framing { false } else { true } }()
        if !keepAlive { out.add("Connection", "close") } else if self.head.version == .http1_0 { out.add("Connection", "keep-alive") }
        out.end()
        answer = .streaming(framing)
        client.write(loop.bytes(of: out, room: min(head.contentLength ?? 0, PendingWrite.together)))
        pauseIfBlocked(upstream)
    }

    /// What is the same for each answer with this head.
    private func passedHeadStart(_ head: ResponseHead) -> HeadWriter {
        guard let version else {
            var out = HeadWriter(head, in: loop.scratch)
            out.add(head.headers, where: HeaderRules.passesFromAPI)
            return out
        }
        if let known = head.toClient, known.version === version { return HeadWriter(start: known.bytes, room: 256, in: loop.scratch) }
        var out = HeadWriter(head, in: loop.scratch)
        let headers = head.headers
        out.add(headers) { HeaderRules.passesToClient($0, of: headers) }
        out.add(lines: version.httpAnswerLines)
        if head.isRepeated { head.toClient = KnownLines(version: version, target: "", bytes: out.bytes) }
        return out
    }

    private func framing(_ answer: ResponseHead) -> Framing {
        if head.method.isHEAD || answer.status == 204 || answer.status == 304 { return .noBody }
        if answer.contentLength != nil { return .length }
        return head.version == .http1_0 ? .untilClose : .chunked
    }

    private func answeredBody(_ bytes: ByteBuffer, _ upstream: UpstreamConnection) {
        switch answer {
        case .none: break
        case .held(let error, var kept):
            answer = .none
            if kept.readableBytes == 0 { kept = bytes } else { kept.writeImmutableBuffer(bytes) }
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
        case .chunked: client.write(chunk: bytes)
        }
    }

    /// The client takes no more: neither do we, and so neither does the function's socket.
    func pauseIfBlocked(_ upstream: UpstreamConnection) {
        if !client.isWritable { upstream.setReading(false) }
    }

    var mayKeepAlive: Bool { head.isKeepAlive && requestEnded && !loop.stopping && !isSuspect && head.facts.upgrade == nil }

    // MARK: The end

    private func answerEnded(_ trailers: HeaderFields?, _ upstream: UpstreamConnection) {
        switch answer {
        case .none: return
        case .held(let error, let body): finishHeld(error, body, upstream)
        case .streaming(let framing):
            if case .chunked = framing { client.write(chunkedEnd: trailers ?? .none) }
            giveBack(upstream)
            client.exchangeEnded(self, keepAlive: keepAlive)
        }
    }

    /// The call is over and went well, as far as the gateway can tell.
    func giveBack(_ upstream: UpstreamConnection) {
        phase = .over
        upstream.end(reusable: reusable && requestEnded)
        ended(functionFailed ? .functionError : .success)
        finishLease(.completed, error: nil)
    }

    func finishLease(_ end: Lease.End, error: String?) {
        guard let lease = self.lease.take() else { return }
        log?.requestFinished(id, error: error)
        lease.finish(end, now: loop.now)
    }

    var elapsed: TimeAmount { forwardedAt.map { loop.now - $0 } ?? .zero }
}
