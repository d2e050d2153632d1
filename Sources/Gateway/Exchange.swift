// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Activation
internal import DequeModule
internal import FunctionLog
internal import FunctionModel
internal import InvocationQueue
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

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
        case queued(NewInvocation)
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
    /// How often a call that found nobody listening goes back to the queue.
    private static let mostReturns = 3

    let client: ClientConnection
    let loop: GatewayLoop
    let head: RequestHead
    let arrived: NIODeadline
    var id: RequestID
    /// What the head says; the length of a chunked event is put in once it is known.
    var facts: RequestFacts
    /// What the client asks for, without the host where the request target names one.
    var authority: String?
    var kind = Kind.unknown
    var phase = Phase.connecting
    var answer = Answer.none
    var lease: Lease?
    /// Body that came before it could be forwarded.
    var held: Deque<ByteBuffer> = []
    var bodyBytes = 0
    /// What a signed event must be; it is read whole before it is given to anyone.
    var payload: PayloadCheck?
    private(set) var requestEnded: Bool
    private var trailers = HeaderFields.none
    var keepAlive = false
    /// The request was refused for its form: nothing more is read from whoever sent it.
    var isSuspect = false
    /// Whether the function keeps its connection open after this answer.
    var reusable = false
    /// The instance that got the call last, also after the place on it was given back.
    private(set) var servedBy: ActiveInstance?
    /// When the function got the call; its time limit and its duration count from here.
    var forwardedAt: NIODeadline?
    var lastBodyByte: NIODeadline
    var lastAnswerByte: NIODeadline?
    var coldStart: ColdStart?
    /// Fields that let a page of another origin read the answer.
    var crossOriginFields: [(name: String, value: String)] = []
    /// Whether no instance was free when the call came.
    private(set) var waited = false
    /// Whether the function itself says that the call went wrong.
    var functionFailed = false
    private var isCounted = false
    /// Where this host takes part in traces.
    var spans: CallSpans?
    private var retried = false
    private var returns = 0

    init(_ head: RequestHead, client: ClientConnection, loop: GatewayLoop) {
        self.head = head
        facts = head.facts
        requestEnded = !head.facts.hasBody
        self.client = client
        self.loop = loop
        arrived = loop.clock.now()
        lastBodyByte = arrived
        id = loop.newRequestID()
    }

    var isOver: Bool { if case .over = phase { true } else { false } }

    /// Becomes part of the caller's trace, or begins one.
    func trace() {
        guard let tracer = loop.tracer else { return }
        spans = CallSpans(head, arrived: arrived, now: loop.clock.now(), unixMilliseconds: loop.clock.unixMilliseconds(), tracer: tracer)
    }

    // MARK: The request

    func requested(_ part: RequestParser.Part) {
        switch part {
        case .head: break
        case .body(let bytes): requestedBody(bytes)
        case .end(let trailers):
            requestEnded = true
            self.trailers = trailers
            client.setReading(true)
            switch phase {
            case .forwarding(let upstream):
                upstream.sendEnd(trailers)
                if !client.isInRead { upstream.flush() }
            case .collecting:
                do { try payload?.finish() } catch { return fail(error) }
                facts.contentLength = bodyBytes
                facts.chunked = false
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
            payload?.update(bytes)
            held.append(bytes)
        case .waiting, .connecting:
            held.append(bytes)
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

    // MARK: A place on an instance, and a connection to it

    func acquire() {
        guard let version else { return }
        if version.version.configuration.runsPerEvent { return runProgram(version) }
        switch version.activator.acquire(on: loop.eventLoop, waiter: { waiter() }) {
        case .granted(let lease): granted(lease)
        case .refused(let refusal): fail(refusal.error, retryAfter: refusal.retryAfter)
        case .waiting(let ticket):
            waited = true
            phase = .waiting(ticket, version.activator)
        }
    }

    /// The call is over: it is counted, once. What never came to a function is not a call.
    func ended(_ outcome: CallOutcome) {
        guard !isCounted, let version else { return }
        isCounted = true
        let now = loop.clock.now()
        let kind = if case .event = kind { CallMeter.Kind.event } else { CallMeter.Kind.http }
        version.meter.ended(kind, outcome, took: now - arrived, waited: waited ? (forwardedAt ?? now) - arrived : nil)
        if let spans {
            let key = version.version.key
            spans.end(
                CallSpans.Facts(
                    name: key.function, version: key.version, request: id, instance: servedBy?.id, outcome: outcome, arrived: arrived,
                    forwarded: forwardedAt, ended: now, waited: waited, coldStart: coldStart), kind: kind)
        }
        if loop.logger.logLevel <= .info { tell(kind, outcome, version, took: now - arrived) }
    }

    /// One line of the host's log for a call.
    private func tell(_ kind: CallMeter.Kind, _ outcome: CallOutcome, _ version: ResolvedVersion, took: TimeAmount) {
        var fields: Logger.Metadata = [
            "function": "\(version.name)", "version": "\(version.version.key.version)", "requestId": "\(id)", "kind": "\(kind.rawValue)",
            "outcome": "\(outcome.rawValue)", "durationMs": "\(Self.milliseconds(took))", "cold": "\(coldStart != nil)",
        ]
        if let instance = servedBy { fields["instance"] = "\(instance.id)" }
        // Source of its place: W3C Trace Context, section 3.2.2.
        if let parent = spans?.fields.first?.1 ?? head.headers.first(.traceparent), TraceContext.isValid(parent) {
            fields["traceId"] = "\(parent.dropFirst(3).prefix(32))"
        }
        loop.logger.info("a call has ended", metadata: fields)
    }

    var version: ResolvedVersion? {
        switch kind {
        case .event(let version, _), .http(let version, _): version
        case .unknown, .queued, .controlAPI: nil
        }
    }

    private func waiter() -> CallWaiter {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        return CallWaiter(loop: loop.eventLoop) { bound.value.admitted($0) }
    }

    private func admitted(_ result: Result<Lease, CallRefusal>) {
        switch result {
        // The client left while this was under way.
        case .success(let lease) where isOver: lease.finish(.broken)
        case .success(let lease): granted(lease)
        case .failure(let refusal):
            if !isOver { fail(refusal.error, retryAfter: refusal.retryAfter) }
        }
    }

    private func granted(_ lease: Lease) {
        self.lease = lease
        let instance = lease.instance
        servedBy = instance
        if instance.version.configuration.instanceConcurrency == 1 {
            let before = instance.connectionHome.exchange(loop.number, ordering: .relaxed)
            if before >= 0, before != loop.number { loop.closeElsewhere(before, instance) }
        }
        connect(to: .instance(instance), ObjectIdentifier(instance), fresh: false)
    }

    func connect(to target: UpstreamConnection.Target, _ key: UpstreamPool.Key, fresh: Bool) {
        let http2 = needsHTTP2
        if !fresh, !http2, let idle = loop.idle.take(key, notOlderThan: loop.roughNow - loop.options.idleConnectionTime) {
            return forward(over: idle)
        }
        phase = .connecting
        UpstreamConnection.open(target, key, http2: http2, on: loop) { result in
            switch result {
            case .success(let connection) where self.isOver: connection.end(reusable: connection.isOpen)
            case .success(let connection): self.forward(over: connection)
            case .failure(let error): if !self.isOver { self.notConnected(error) }
            }
        }
    }

    /// Nobody listens where the call was sent to. Not a byte of it has gone out, so it may wait for another instance.
    private func notConnected(_ error: any Error) {
        guard let lease else {
            return fail(
                ServiceError(
                    status: 503, code: "ServiceUnavailable",
                    message: "the control API of this host does not answer (\(error)); retry in a moment"),
                retryAfter: 1)
        }
        returns += 1
        guard returns <= Self.mostReturns else { return crashed() }
        self.lease = nil
        phase = .waiting(lease.activator.giveBack(lease, waiter: waiter()), lease.activator)
    }

    private func forward(over upstream: UpstreamConnection) {
        guard upstream.isOpen else { return lost(upstream) }
        phase = .forwarding(upstream)
        upstream.begin(self)
        if forwardedAt == nil {
            forwardedAt = loop.clock.now()
            lease?.instance.log?.requestStarted(id)
        }
        upstream.send(head: forwardedHead(), chunked: facts.chunked)
        while let bytes = held.popFirst() { upstream.send(bytes) }
        if requestEnded {
            upstream.sendEnd(trailers)
        } else {
            lastBodyByte = loop.roughNow
            if facts.expectsContinue, bodyBytes == 0 {
                client.write(Self.goOn)
                client.flush()
            }
            client.setReading(upstream.isWritable)
        }
        if !client.isInRead { upstream.flush() }
    }

    /// The connection ended before the answer did.
    func upstreamLost() {
        switch phase {
        case .forwarding(let upstream): lost(upstream)
        case .tunnel: tunnelEnded()
        case .collecting, .waiting, .connecting, .accepting, .running, .awaitingLog, .over: break
        }
    }

    private func lost(_ upstream: UpstreamConnection) {
        // A connection that lay idle may have been closed just as the request went out: what may be repeated is, once, on a new one.
        if case .none = answer, upstream.used, !retried, !facts.hasBody, [.GET, .HEAD, .OPTIONS, .TRACE].contains(head.method) {
            retried = true
            if let lease { return connect(to: .instance(lease.instance), ObjectIdentifier(lease.instance), fresh: true) }
            if let socket = loop.options.apiSocket { return connect(to: .controlAPI(socket: socket), ObjectIdentifier(loop), fresh: true) }
        }
        crashed()
    }

    // MARK: Back-pressure

    func upstreamWritabilityChanged(_ writable: Bool) {
        if case .tunnel = phase { return client.setReading(writable) }
        if !requestEnded { client.setReading(writable) }
    }

    func clientWritabilityChanged(_ writable: Bool) {
        switch phase {
        case .forwarding(let upstream), .tunnel(let upstream): upstream.setReading(writable)
        case .collecting, .waiting, .connecting, .accepting, .running, .awaitingLog, .over: break
        }
    }
}
