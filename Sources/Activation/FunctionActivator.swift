// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
internal import LauncherClient
public import NIOCore
internal import Synchronization

/// The instances of one function version, and the calls that wait for them: ``AdmissionState`` decides under this activator's own lock, and
/// what it decided is done outside of it.
public final class FunctionActivator: Sendable {
    struct Guarded {
        var state: AdmissionState
        var instances: [AdmissionState.Slot: ActiveInstance] = [:]
        var waiters: [AdmissionState.Call: CallWaiter] = [:]
        var nextCall = 0
        /// Programs that run for one event each.
        var runs: [InstanceID: EventRun] = [:]
        /// Who waits to hear how a start ends.
        var startNews: [EventLoopPromise<Void>] = []
    }

    enum Effect {
        case begin(ActiveInstance)
        case deliver(CallWaiter, Result<Lease, CallRefusal>)
        case stop(ActiveInstance, AdmissionState.StopReason)
        case wake(NIODeadline)
        case makeRoom
        case finished
    }

    public let version: RunnableVersion
    /// Calls that one instance serves at once.
    public let concurrency: Int
    let host: HostContext
    let guarded: Mutex<Guarded>
    let quota: CallQuota
    private let whenFinished: @Sendable (FunctionActivator) -> Void

    /// - Parameter history: the function's idle times up to now.
    init(
        version: RunnableVersion, quota: CallQuota, history: IdleHistogram, host: HostContext,
        whenFinished: @escaping @Sendable (FunctionActivator) -> Void
    ) {
        self.version = version
        self.quota = quota
        self.host = host
        self.whenFinished = whenFinished
        let (configuration, options) = (version.configuration, host.options)
        concurrency = max(1, configuration.instanceConcurrency)
        let limits = AdmissionState.Limits(
            concurrency: concurrency,
            maximumInstances: configuration.maximumInstances ?? options.maximumInstances,
            simultaneousStarts: options.simultaneousStarts, waitingCalls: options.waitingCalls, waitTime: options.waitTime,
            idleTime: .seconds(Int64(configuration.idleTimeout)), firstBackOff: options.firstBackOff,
            longestBackOff: options.longestBackOff,
            startsOnDemand: !configuration.isOnDemandDisabled, learnsIdleTime: options.learnsIdleTime, freezeTime: options.freezeTime)
        var state = AdmissionState(limits: limits)
        state.history = history
        guarded = Mutex(Guarded(state: state))
    }

    /// Asks for a place for one call.
    ///
    /// - Parameters:
    ///   - now: the time, where the caller knows it.
    ///   - waiter: made only if the call has to wait.
    public func acquire(on loop: any EventLoop, now: NIODeadline? = nil, waiter: () -> CallWaiter) -> Admission {
        guard quota.enter(concurrency: concurrency) else { return .refused(quotaRefusal) }
        let now = now ?? host.clock.now()
        let (admission, effects) = guarded.withLock { guarded -> (Admission, [Effect]) in
            let call = guarded.nextCall
            guarded.nextCall += 1
            switch guarded.state.callArrives(call, now: now) {
            case .granted(let slot, let first):
                // A granted slot is one that was started, and stays in the table until it has exited.
                guard let instance = guarded.instances[slot] else { preconditionFailure("granted slot \(slot) has no instance") }
                return (.granted(Lease(instance: instance, isFirst: first)), [])
            case .grantedFrozen(let slot, let first):
                guard let instance = guarded.instances[slot] else { preconditionFailure("granted slot \(slot) has no instance") }
                host.launcher.thaw(instance.id)
                return (.granted(Lease(instance: instance, isFirst: first)), [])
            case .refused(let refusal):
                quota.leave()
                return (.refused(self.refusal(refusal)), [])
            case .waiting(let actions):
                guarded.waiters[call] = waiter()
                return (.waiting(WaitingTicket(call: call)), self.effects(of: actions, &guarded, home: loop, now: now))
            }
        }
        perform(effects)
        return admission
    }

    /// The caller of a waiting call has left; its waiter is never called after this, or is being called at this moment.
    public func cancel(_ ticket: WaitingTicket) {
        change { guarded, _ in
            if guarded.waiters.removeValue(forKey: ticket.call) != nil { quota.leave() }
            return guarded.state.callCancelled(ticket.call)
        }
    }

    /// A granted call found nobody listening, before a byte of it was sent. It waits again, at the head of the queue.
    public func giveBack(_ lease: Lease, waiter: CallWaiter) -> WaitingTicket {
        let failure = ServiceError(
            status: 412, code: "CAExited",
            message:
                "Instance \(lease.instance.id) of function '\(version.key.function)' takes no connections on port \(lease.instance.port) any more."
        )
        let call = guarded.withLock { guarded in
            guarded.nextCall += 1
            guarded.waiters[guarded.nextCall - 1] = waiter
            return guarded.nextCall - 1
        }
        change { $0.state.callReturned(call, from: lease.instance.slot, failure: failure, now: $1) }
        return WaitingTicket(call: call)
    }

    func finish(_ lease: Lease, _ end: Lease.End, now: NIODeadline?) {
        quota.leave()
        let end: AdmissionState.CallEnd =
            switch end {
            case .completed: .completed
            case .abandoned: version.configuration.healthCheck == nil ? .abandoned : .broken
            case .broken: .broken
            }
        change(now: now) { $0.state.callFinished(lease.instance.slot, end, now: $1) }
    }

    func instanceReady(_ instance: ActiveInstance) {
        change { $0.state.instanceReady(instance.slot, now: $1) }
        tellStartNews()
    }

    /// Starts an instance, and waits until it is ready, its start came to nothing, or time is over.
    func warmUp(within limit: TimeAmount) async {
        let loop = host.loops.next()
        let news = loop.makePromise(of: Void.self)
        guarded.withLock { $0.startNews.append(news) }
        provision(1, startsOnDemand: true)
        let timer = loop.scheduleTask(in: limit) { news.succeed() }
        // It never fails.
        news.futureResult.whenComplete { _ in timer.cancel() }
        await withCheckedContinuation { done in news.futureResult.whenComplete { _ in done.resume() } }
        provision(0, startsOnDemand: true)
    }

    private func tellStartNews() {
        let waiting = guarded.withLock { guarded in
            defer { guarded.startNews = [] }
            return guarded.startNews
        }
        for news in waiting { news.succeed() }
    }

    func startFailed(_ instance: ActiveInstance, _ error: ServiceError, gone: Bool) {
        change { guarded, now in
            let actions = guarded.state.startFailed(instance.slot, error, gone: gone, now: now)
            if gone { guarded.instances[instance.slot] = nil }
            return actions
        }
        tellStartNews()
    }

    func exited(_ instance: ActiveInstance, _ error: ServiceError) {
        change { guarded, now in
            guarded.instances[instance.slot] = nil
            return guarded.state.instanceExited(instance.slot, error, now: now)
        }
    }

    func initializationFailed(_ instance: ActiveInstance, _ error: ServiceError) {
        change { $0.state.initializationFailed(instance.slot, error, now: $1) }
        tellStartNews()
    }

    func unhealthy(_ instance: ActiveInstance) { change { $0.state.instanceUnhealthy(instance.slot, now: $1) } }

    func healthyAgain(_ instance: ActiveInstance) { change { $0.state.instanceHealthyAgain(instance.slot, now: $1) } }

    func givenUp(_ instance: ActiveInstance) { change { $0.state.instanceGivenUp(instance.slot, now: $1) } }

    /// Keeps so many instances alive, without calls too, from now on.
    func provision(_ instances: Int, startsOnDemand: Bool) {
        change { $0.state.provision(instances, startsOnDemand: startsOnDemand, now: $1) }
    }

    func drain() {
        host.parking.retire(version.key)
        change { $0.state.drain(now: $1) }
    }

    /// - Returns: the instances that end by this.
    func stopAll() -> [ActiveInstance] {
        let instances = guarded.withLock { Array($0.instances.values) }
        change { $0.state.stopAll(now: $1) }
        return instances
    }

    /// Ends all instances now, with the calls on them, and refuses the calls that wait.
    ///
    /// - Returns: the instances that end by this.
    func abort(_ error: ServiceError) -> [ActiveInstance] {
        let (instances, runs) = guarded.withLock { (Array($0.instances.values), Array($0.runs.values)) }
        for run in runs { run.cancel() }
        change { $0.state.abort(error, now: $1) }
        return instances
    }

    /// No new call comes to this version any more.
    var isDraining: Bool { guarded.withLock { $0.state.draining } }

    func tick() { change { $0.state.tick(now: $1) } }

    var history: IdleHistogram { guarded.withLock { $0.state.history } }
    var holding: AdmissionState.Holding { guarded.withLock { $0.state.holding } }

    /// Gives up an instance for another function.
    func yield() { change { guarded, _ in guarded.state.yield() } }

    private func change(now: NIODeadline? = nil, _ event: (inout Guarded, NIODeadline) -> [AdmissionState.Action]) {
        let now = now ?? host.clock.now()
        let effects = guarded.withLock { guarded -> [Effect] in
            let actions = event(&guarded, now)
            return actions.isEmpty ? [] : self.effects(of: actions, &guarded, home: nil, now: now)
        }
        perform(effects)
    }

    private func perform(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .begin(let instance): instance.begin()
            case .deliver(let waiter, let result):
                // Never at once: who asks, or gives a place back, is in the middle of something.
                waiter.loop.execute { waiter.deliver(result) }
            case .stop(let instance, let reason): instance.stop(reason)
            case .makeRoom: if !host.makeRoom(for: self) { change { guarded, _ in guarded.state.noRoom() } }
            case .wake(let time): host.loops.next().scheduleTask(deadline: time) { self.tick() }
            case .finished: whenFinished(self)
            }
        }
    }
}
