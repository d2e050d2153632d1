// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import InvocationQueue
internal import Logging
internal import NIOCore
internal import Tracing

/// Takes invocations from the queue as fast as their functions stand it, has them called or delivered, and settles each of them.
actor AsyncWorkers {
    private enum Running {
        case call(NIOLoopBoundBox<FunctionCall>)
        case delivery(Task<Void, Never>)
    }

    private let queue: any InvocationQueue
    private let routes: AsyncRoutes
    private let activation: ActivationService
    private let loops: any EventLoopGroup
    private let deliverer: DestinationDeliverer
    private let settlements: Settlements
    private let options: AsyncOptions
    private let clock: HostClock
    private let tracer: (any Tracer)?
    private let logger: Logger
    private var state: DispatchState
    private var running: [InvocationLease: Running] = [:]
    /// Stopped or cut off: no new claim.
    private var isStopping = false
    private var isClaiming = false
    private var settling = 0
    private var alarm: (time: Timestamp, task: Task<Void, Never>)?
    private var whenIdle: [CheckedContinuation<Void, Never>] = []

    init(
        queue: any InvocationQueue, routes: AsyncRoutes, activation: ActivationService, loops: any EventLoopGroup,
        deliverer: DestinationDeliverer, settlements: Settlements, options: AsyncOptions, clock: HostClock, tracer: (any Tracer)?,
        logger: Logger
    ) {
        self.queue = queue
        self.routes = routes
        self.activation = activation
        self.loops = loops
        self.deliverer = deliverer
        self.settlements = settlements
        self.options = options
        self.clock = clock
        self.tracer = tracer
        self.logger = logger
        state = DispatchState(total: options.total)
    }

    private var now: Timestamp { Timestamp(milliseconds: clock.unixMilliseconds()) }

    private func places(_ lane: String) -> Int {
        if lane.contains(":") { return options.perDestination }
        return min(options.perFunction, max(1, routes.concurrency(lane) ?? options.perFunction))
    }

    // MARK: Claims

    func hasWork(_ lane: String, due: Timestamp) async {
        state.hasWork(lane, due: due)
        await pump()
    }

    /// Claims what is due and has a place. One claim at a time: what comes up meanwhile is in the next one.
    private func pump() async {
        guard !isClaiming else { return }
        isClaiming = true
        defer {
            isClaiming = false
            tellIfIdle()
        }
        while !isStopping {
            let wants = state.wants(now: now, places: places)
            guard !wants.isEmpty else { return setAlarm() }
            do {
                let lease = Timestamp(milliseconds: now.milliseconds + options.lease)
                let claims = try await queue.claim(wants, until: lease, now: now)
                for (want, claims) in zip(wants, claims) {
                    state.claimed(claims, wanted: want.count)
                    for claim in claims.claimed { begin(claim) }
                }
            } catch {
                logger.error("the queue cannot be read; it is tried again in a second", metadata: ["error": "\(error)"])
                let later = Timestamp(milliseconds: now.milliseconds + 1000)
                for want in wants { state.claimed(LaneClaims(lane: want.lane, claimed: [], nextDue: later), wanted: want.count) }
            }
        }
    }

    private func setAlarm() {
        guard let next = state.nextTime(places: places) else { return }
        if let alarm, alarm.time <= next, alarm.time > now { return }
        alarm?.task.cancel()
        let pause = max(1, next.milliseconds - now.milliseconds)
        alarm = (
            next,
            Task {
                do { try await Task.sleep(for: .milliseconds(pause)) } catch { return }
                await self.rings()
            }
        )
    }

    private func rings() async {
        alarm = nil
        await pump()
    }

    // MARK: One invocation

    private func begin(_ claim: ClaimedInvocation) {
        let invocation = claim.invocation
        if isStopping { return ended(claim, CallOutcome(result: .interrupted, code: "Interrupted", message: "the host stopped")) }
        if settlements.policy(of: invocation).isTooOld(claim.tries, at: now) { return ended(claim, Settlements.expired) }
        if case .delivery(let url, _) = invocation.head {
            running[claim.lease] = .delivery(
                Task {
                    let outcome = await deliverer.deliver(claim, to: url)
                    self.ended(claim, outcome)
                })
            return
        }
        do {
            let version = try routes.find(invocation.lane, invocation.qualifier)
            let loop = loops.next()
            let call = FunctionCall(claim, to: version, by: activation, on: loop, clock: clock, tracer: tracer) { outcome in
                Task { await self.ended(claim, outcome) }
            }
            let box = NIOLoopBoundBox.makeBoxSendingValue(call, eventLoop: loop)
            running[claim.lease] = .call(box)
            loop.execute { box.value.begin() }
        } catch {
            var outcome = CallOutcome(refusedBy: error)
            if outcome.result == .gone, now.milliseconds - claim.tries.since.milliseconds < options.definitionDelay {
                outcome.result = .throttled(retryAfter: nil)
            }
            ended(claim, outcome)
        }
    }

    private func ended(_ claim: ClaimedInvocation, _ outcome: CallOutcome) {
        running[claim.lease] = nil
        let settlement = settlements.settlement(of: claim, outcome, now: now)
        var pause: Timestamp?
        if case .throttled = outcome.result, case .retry(let time, _) = settlement.outcome {
            // The others of the lane would fare no better before then; but the longer pauses are this invocation's own.
            pause = min(time, Timestamp(milliseconds: now.milliseconds + RetryPolicy.firstThrottleDelay))
        }
        state.finished(claim.invocation.lane, throttledUntil: pause)
        settling += 1
        Task {
            await settle(claim, settlement)
            await pump()
        }
    }

    /// An answer that cannot be noted must not be lost in silence: it is tried until the queue takes it, or has given the invocation to somebody else.
    private func settle(_ claim: ClaimedInvocation, _ settlement: Settlement) async {
        var pause = Duration.milliseconds(100)
        while true {
            do {
                if try await queue.settle(claim.lease, settlement) == false {
                    logger.warning(
                        "an invocation was settled by nobody here: its lease had run out",
                        metadata: ["function": "\(claim.invocation.lane)", "task": "\(claim.invocation.task)"])
                }
                break
            } catch {
                logger.error(
                    "the end of an invocation cannot be noted yet",
                    metadata: ["function": "\(claim.invocation.lane)", "task": "\(claim.invocation.task)", "error": "\(error)"])
                guard !isStopping else { break }
                do { try await Task.sleep(for: pause) } catch { break }
                pause = min(pause * 2, .seconds(5))
            }
        }
        settling -= 1
        tellIfIdle()
    }

    // MARK: Leases, stops, the end

    func renewLeases() async {
        let leases = Array(running.keys)
        guard !leases.isEmpty else { return }
        do {
            let until = Timestamp(milliseconds: now.milliseconds + options.lease)
            // Somebody else works on these by now: there is no sense in going on.
            for lost in try await queue.renew(leases, until: until) { cancel(lost, .interrupted) }
        } catch {
            logger.error("the leases of running invocations cannot be renewed", metadata: ["error": "\(error)"])
        }
    }

    /// Ends a running invocation, and with it, as far as its function lets it, what it does.
    func stop(_ lane: String, number: Int64) {
        for lease in running.keys where lease.number == number { cancel(lease, .stopped) }
    }

    private func cancel(_ lease: InvocationLease, _ result: AttemptResult) {
        switch running[lease] {
        case .call(let box): box.eventLoop.execute { box.value.cancel(result) }
        case .delivery(let task): task.cancel()
        case nil: break
        }
    }

    /// Takes nothing more, waits for what runs, and gives back what still does after `limit`.
    func shutDown(within limit: Duration) async {
        isStopping = true
        alarm?.task.cancel()
        guard !isIdle else { return }
        let cutOff = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            self.cancelAll()
        }
        await withCheckedContinuation { whenIdle.append($0) }
        cutOff.cancel()
    }

    private var isIdle: Bool { running.isEmpty && settling == 0 && !isClaiming }

    private func tellIfIdle() {
        guard isStopping, isIdle else { return }
        for waiting in whenIdle { waiting.resume() }
        whenIdle = []
    }

    private func cancelAll() { for lease in Array(running.keys) { cancel(lease, .interrupted) } }
}
