// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionLog
internal import FunctionModel
internal import InvocationQueue
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Tracing

/// One attempt at one invocation, all on one event loop: a place on an instance, a connection to it, the request, and its answer.
///
/// It takes the same way as a synchronous call, through ``Activation``, and like that one gives its place back exactly once.
final class FunctionCall {
    private enum Phase {
        case new
        case waiting(WaitingTicket)
        case connecting
        case calling(any Channel)
        /// A program without a server is at work on the event.
        case running(EventRun)
        case over
    }

    /// How often a call that found nobody listening goes back to the queue of calls.
    private static let mostReturns = 3

    let claim: ClaimedInvocation
    let version: RunnableVersion
    let service: ActivationService
    private let activator: FunctionActivator
    private let loop: any EventLoop
    let clock: HostClock
    private let done: @Sendable (CallOutcome) -> Void
    let arrived: NIODeadline
    let spans: CallSpans?
    private var phase = Phase.new
    private(set) var lease: Lease?
    private(set) var calledAt: NIODeadline?
    private(set) var waited = false
    var coldStart: ColdStart?
    private var limit: Scheduled<Void>?
    private var returns = 0
    private var instance: InstanceID?

    /// - Parameter done: called once, on the loop or while ``begin()`` runs.
    init(
        _ claim: ClaimedInvocation, to version: RunnableVersion, by service: ActivationService, on loop: any EventLoop, clock: HostClock,
        tracer: (any Tracer)?, done: @escaping @Sendable (CallOutcome) -> Void
    ) {
        self.claim = claim
        self.version = version
        self.service = service
        self.loop = loop
        self.clock = clock
        self.done = done
        activator = service.activator(for: version)
        let arrived = clock.now()
        self.arrived = arrived
        spans = tracer.map { Self.spans(claim, arrived, clock, $0) }
    }

    func begin() {
        guard case .new = phase else { return }
        if version.configuration.runsPerEvent { return runProgram() }
        switch activator.acquire(on: loop, waiter: { waiter() }) {
        case .granted(let lease): granted(lease)
        case .refused(let refusal): end(.init(refusedBy: refusal.error, retryAfter: refusal.retryAfter), .completed)
        case .waiting(let ticket):
            waited = true
            phase = .waiting(ticket)
        }
    }

    /// Ends it from outside: by who stops the invocation, or because the host stops.
    func cancel(_ result: AttemptResult) {
        lease?.instance.log?.platform("Invocation stopped (duration: \(elapsed)ms)", request: claim.invocation.request)
        end(
            CallOutcome(result: result, code: "AsyncInvocationStopped", message: "the invocation was stopped while it ran", status: 412),
            .abandoned)
    }

    /// The image has no server: a program is started for the event, and its end is the answer.
    private func runProgram() {
        let payload = claim.invocation.payload
        guard case .event = claim.invocation.head, payload.count <= EventRun.eventBytes,
            let event = String(validating: payload, as: UTF8.self), !event.utf8.contains(0)
        else {
            let message =
                "the event of a function without a server goes into its environment: it must be UTF-8 without NUL, of at most"
                + " \(EventRun.eventBytes) bytes, and no HTTP call"
            return end(CallOutcome(result: .refused, code: "InvalidArgument", message: message, status: 400), .completed)
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let run = activator.run(event, request: claim.invocation.request, trace: traceID, on: loop) { outcome in
            bound.eventLoop.execute { bound.value.ran(outcome) }
        }
        if let run { phase = .running(run) }
    }

    private func ran(_ outcome: EventRun.Outcome) {
        guard !isOver else { return }
        // It has ended by itself: nothing is left to cancel.
        phase = .new
        switch outcome.result {
        case .completed(let output): end(.event(isError: false, retryAfter: nil, body: Array(output.utf8)), .completed)
        case .failed(let message, let timedOut): end(.functionError(message, timedOut ? .timeout : .crashed), .completed)
        case .refused(let refusal): end(.init(refusedBy: refusal.error, retryAfter: refusal.retryAfter), .completed)
        }
    }

    private var isOver: Bool { if case .over = phase { true } else { false } }

    private var elapsed: Int64 { calledAt.map { (clock.now() - $0).nanoseconds / 1_000_000 } ?? 0 }

    private func waiter() -> CallWaiter {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return CallWaiter(loop: loop) { result in
            let call = bound.value
            switch result {
            case .success(let lease) where call.isOver: lease.finish(.broken)
            case .success(let lease): call.granted(lease)
            case .failure(let refusal): call.end(.init(refusedBy: refusal.error, retryAfter: refusal.retryAfter), .completed)
            }
        }
    }

    private func granted(_ lease: Lease) {
        self.lease = lease
        instance = lease.instance.id
        phase = .connecting
        // A server with one thread may answer on one connection only: the one that lies idle in the gateway is closed first.
        service.takeOverConnections(of: lease.instance)
        let bound = NIOLoopBound(self, eventLoop: loop)
        lease.instance.openConnection(on: loop).flatMap { [loop] descriptor in
            ClientBootstrap(group: loop).channelOption(.tcpOption(.tcp_nodelay), value: 1).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(FunctionAnswer(bound.value))
                }
            }.withConnectedSocket(descriptor)
        }.whenComplete { bound.value.connected($0) }
    }

    private func connected(_ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel) where isOver: channel.close(promise: nil)
        case .success(let channel): send(over: channel)
        case .failure where isOver: break
        case .failure:
            // Not a byte of it has gone out, so it may wait for another instance.
            guard let lease, returns < Self.mostReturns else { return broken() }
            returns += 1
            self.lease = nil
            phase = .waiting(activator.giveBack(lease, waiter: waiter()))
        }
    }

    private func send(over channel: any Channel) {
        phase = .calling(channel)
        calledAt = clock.now()
        lease?.instance.log?.requestStarted(claim.invocation.request, trace: traceID)
        let seconds = version.configuration.timeout
        let bound = NIOLoopBound(self, eventLoop: loop)
        limit = loop.scheduleTask(in: .seconds(Int64(seconds))) {
            bound.value.end(.functionError("Function timed out after \(seconds) seconds", .timeout), .abandoned)
        }
        channel.write(HTTPClientRequestPart.head(FunctionRequest.head(claim, version, service.options, trace: spans?.fields)), promise: nil)
        if !claim.invocation.payload.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(channel.allocator.buffer(bytes: claim.invocation.payload))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    // MARK: What comes of it

    func answerBegins() {
        guard let start = lease?.start, let instance = lease?.instance else { return }
        instance.hasAnswered()
        let now = clock.now()
        let startedTime = clock.unixMilliseconds() - (now - arrived).nanoseconds / 1_000_000
        let record = start.record(
            instance: instance.id, request: claim.invocation.request, arrived: arrived, firstByte: now, startedTime: startedTime)
        if let record { started(record) }
    }

    func answered(_ head: HTTPResponseHead, _ body: [UInt8]) {
        let retryAfter = CallOutcome.retryAfter(head.headers.first(name: "retry-after"))
        if case .http = claim.invocation.head {
            end(.http(status: Int(head.status.code), retryAfter: retryAfter, body: body), .completed)
        } else {
            end(.event(isError: head.headers.contains(name: "x-fc-status"), retryAfter: retryAfter, body: body), .completed)
        }
    }

    /// The connection ended before the answer did. The launcher tells how the program ended a moment later.
    func broken() {
        guard !isOver, let instance = lease?.instance else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let limit = loop.scheduleTask(in: .milliseconds(200)) { bound.value.crashed(cause: nil) }
        instance.whenExitKnown { cause in
            bound.eventLoop.execute {
                limit.cancel()
                bound.value.crashed(cause: cause.words)
            }
        }
    }

    private func crashed(cause: String?) {
        end(
            .functionError(
                "Process exited unexpectedly before completing request (duration: \(elapsed)ms)\(cause.map { ": \($0)" } ?? "")", .crashed),
            .broken)
    }

    private func end(_ outcome: CallOutcome, _ leaseEnd: Lease.End) {
        guard !isOver else { return }
        let before = phase
        phase = .over
        limit?.cancel()
        switch before {
        case .waiting(let ticket): activator.cancel(ticket)
        case .calling(let channel): channel.close(promise: nil)
        case .running(let run): run.cancel()
        case .new, .connecting, .over: break
        }
        if let lease {
            self.lease = nil
            if calledAt != nil {
                let error = outcome.result == .succeeded ? nil : outcome.message
                lease.instance.log?.requestFinished(claim.invocation.request, error: error)
            }
            lease.finish(leaseEnd)
        }
        var outcome = outcome
        outcome.instance = instance?.text ?? ""
        account(outcome, instance)
        done(outcome)
    }
}
