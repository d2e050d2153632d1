// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Activation
internal import FunctionLog
internal import FunctionModel
internal import InvocationQueue
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// One request and its answer, from the head's arrival to the last byte, all on one event loop.
///
/// It owns the call's place on an instance and the connection to it, and gives both back exactly once, however it ends.
final class Exchange {
    enum Kind {
        /// Not routed yet, or refused before it was.
        case unknown
        case event(ResolvedVersion, withLog: Bool)
        case http(ResolvedVersion, target: String)
        /// Asynchronous: it goes to the queue as soon as its body is complete.
        indirect case queued(NewInvocation)
        case controlAPI(target: String)
    }

    enum Phase {
        /// The whole event is read first, because its length is not known and an image must be told it.
        case collecting
        /// No instance is free yet.
        case waiting(WaitingTicket, FunctionActivator)
        case connecting
        case forwarding(UpstreamConnection)
        /// The function has changed to another protocol.
        case tunnel(UpstreamConnection)
        /// The queue makes the invocation durable.
        case accepting
        /// A program without a server is at work on the event.
        case running(EventRun)
        /// The answer is complete, and the log's tail is on its way.
        case awaitingLog
        case over
    }

    enum Answer {
        case none
        /// An event's answer, kept until it is complete or too long to keep.
        case held(error: Bool, ByteBuffer)
        case streaming(Framing)
    }

    /// How the client learns where the answer ends.
    enum Framing {
        case noBody, length, chunked, untilClose
    }

    /// An interim answer for `Expect: 100-continue`.
    static let goOn = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")

    let client: ClientConnection
    let loop: GatewayLoop
    var head: RequestHead
    let arrived: NIODeadline
    var id: RequestID
    /// As the head says; the length of a chunked event is put in once it is known.
    var body: RequestBody
    /// What the client asks for, without the host where the request target names one.
    var authority: String?
    var kind = Kind.unknown
    /// What is called, where it is a function.
    var version: ResolvedVersion? {
        switch kind {
        case .event(let called, _), .http(let called, _): called
        case .unknown, .queued, .controlAPI: nil
        }
    }
    var phase = Phase.connecting
    var answer = Answer.none
    var lease: Lease?
    /// Whether the instance has served no call before.
    var isFirstCall = false
    /// That of the instance which has the call.
    var log: (any InstanceLog)?
    var bodyBytes = 0
    var requestEnded: Bool
    var keepAlive = false
    /// The request was refused for its form: nothing more is read from whoever sent it.
    var isSuspect = false
    /// Whether the function keeps its connection open after this answer.
    var reusable = false
    /// The instance that got the call last, also after the place on it was given back.
    var servedBy: ActiveInstance?
    /// When the function got the call; its time limit and its duration count from here.
    var forwardedAt: NIODeadline?
    var lastBodyByte: NIODeadline
    var lastAnswerByte: NIODeadline?
    /// Whether no instance was free when the call came.
    var waited = false
    /// Whether the function itself says that the call went wrong.
    var functionFailed = false
    var isCounted = false
    var retried = false
    var returns = 0
    var seldom: Seldom?

    init(_ head: RequestHead, client: ClientConnection, loop: GatewayLoop) {
        self.head = head
        body = head.facts.body
        requestEnded = !body.isThere
        self.client = client
        self.loop = loop
        arrived = loop.now
        lastBodyByte = arrived
        id = loop.newRequestID()
    }

    var isForwarding: Bool { if case .forwarding = phase { true } else { false } }
    var isOver: Bool { if case .over = phase { true } else { false } }

    /// Whether the control API still has to begin the answer.
    var awaitsControlAPI: Bool {
        switch (kind, answer) {
        case (.controlAPI, .none), (.unknown, .none): !isOver
        default: false
        }
    }

    /// Becomes part of the caller's trace, or begins one.
    func trace(_ kind: SpanKind = .server) {
        guard loop.traces, let tracer = loop.tracer else { return }
        var fields: [String: String] = [:]
        for (name, meaning) in [("traceparent", HeaderName.traceparent), ("tracestate", .tracestate)] {
            fields[name] = head.headers.first(meaning)
        }
        let spans = CallSpans(
            kind: kind, below: fields, arrived: arrived, now: loop.clock.now(), unixMilliseconds: loop.clock.unixMilliseconds(),
            tracer: tracer)
        spans.note("http.request.method", head.method.rawValue)
        own.spans = spans
    }

    // MARK: The request

    func requested(_ part: RequestParser.Part) {
        switch part {
        case .head: break
        case .body(let bytes): requestedBody(bytes)
        case .end(let trailers):
            requestEnded = true
            if let trailers { own.trailers = trailers }
            client.setReading(true)
            switch phase {
            case .forwarding(let upstream):
                upstream.sendEnd(seldom?.passedTrailers ?? .none)
                if !client.isInRead { upstream.flush() }
            case .collecting:
                do { try seldom?.payload?.finish() } catch { return fail(error) }
                body = RequestBody(contentLength: bodyBytes, chunked: false)
                if case .queued(let new) = kind { enqueue(new) } else { acquire() }
            case .waiting, .connecting, .tunnel, .accepting, .running, .awaitingLog, .over: break
            }
        }
    }

    private func requestedBody(_ bytes: ByteBuffer) {
        bodyBytes += bytes.readableBytes
        lastBodyByte = loop.roughNow
        if case .event = kind, bodyBytes > loop.options.eventBytes { return fail(.entityTooLarge(limit: loop.options.eventBytes)) }
        if case .queued = kind, bodyBytes > loop.options.asyncBytes { return fail(.entityTooLarge(limit: loop.options.asyncBytes)) }
        switch phase {
        case .forwarding(let upstream):
            upstream.send(bytes)
            if !upstream.isWritable { client.setReading(false) }
        case .collecting:
            seldom?.payload?.update(bytes)
            own.held.append(bytes)
        case .waiting, .connecting:
            own.held.append(bytes)
            client.setReading(false)
        case .tunnel, .accepting, .running, .awaitingLog, .over: break
        }
    }

    func requestPaused() {
        switch phase {
        case .forwarding(let upstream), .tunnel(let upstream): upstream.flush()
        case .collecting, .waiting, .connecting, .accepting, .running, .awaitingLog, .over: break
        }
    }

    // MARK: Back-pressure

    func upstreamWritabilityChanged(_ writable: Bool) {
        if case .tunnel = phase { return client.setReading(writable) }
        // What the client has sent meanwhile waits to be read: the time in which it must send on begins now.
        if writable { lastBodyByte = loop.roughNow }
        if !requestEnded { client.setReading(writable) }
    }

    func clientWritabilityChanged(_ writable: Bool) {
        switch phase {
        case .forwarding(let upstream), .tunnel(let upstream): upstream.setReading(writable)
        case .collecting, .waiting, .connecting, .accepting, .running, .awaitingLog, .over: break
        }
    }
}
