// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import LauncherClient
internal import NIOCore
internal import Sandbox
internal import Synchronization

extension FunctionActivator {
    /// Turns decisions into what is to be done, while the lock is held, so that nobody sees a slot without its instance.
    ///
    /// - Parameter home: the event loop of the call that caused them: an instance starts on the loop of the call that waits for it.
    func effects(of actions: [AdmissionState.Action], _ guarded: inout Guarded, home: (any EventLoop)?, now: NIODeadline) -> [Effect] {
        var effects: [Effect] = []
        var rest = actions[...]
        while let action = rest.popFirst() {
            switch action {
            case .start(let slot):
                guard host.takePlace(for: version.key.function) else {
                    rest += guarded.state.startRefused(slot, now: now)
                    continue
                }
                let loop = home ?? guarded.waiters.first?.value.loop ?? host.loops.next()
                let prepared = host.parking.take(version.key)
                let instance = ActiveInstance(
                    id: prepared?.id ?? host.newInstanceID(), slot: slot, prepared: prepared, activator: self, host: host, home: loop)
                guarded.instances[slot] = instance
                effects.append(.begin(instance))
            case .grant(let call, let slot, let first):
                guard let waiter = guarded.waiters.removeValue(forKey: call), let instance = guarded.instances[slot] else {
                    preconditionFailure("call \(call) or slot \(slot) was granted but is unknown")
                }
                effects.append(.deliver(waiter, .success(Lease(instance: instance, isFirst: first))))
            case .refuse(let call, let refusal):
                guard let waiter = guarded.waiters.removeValue(forKey: call) else { continue }
                quota.leave()
                effects.append(.deliver(waiter, .failure(self.refusal(refusal))))
            case .stop(let slot, let reason):
                if let instance = guarded.instances[slot] { effects.append(.stop(instance, reason)) }
            // At once, under the lock: the launcher must hear of these in the order in which they were decided, and telling it never waits.
            case .freeze(let slot): if let instance = guarded.instances[slot] { host.launcher.freeze(instance.id) }
            case .thaw(let slot): if let instance = guarded.instances[slot] { host.launcher.thaw(instance.id) }
            case .wake(let time): effects.append(.wake(time))
            case .makeRoom: effects.append(.makeRoom)
            case .finished: effects.append(.finished)
            }
        }
        return effects
    }

    /// The error of a call that got no instance. Source of status and code: Function Compute contract §8.2.
    func refusal(_ refusal: AdmissionState.Refusal) -> CallRefusal {
        let name = version.key.function
        let limits =
            "at most \(version.configuration.maximumInstances.map(String.init) ?? "\(host.options.maximumInstances)") instances"
            + " of \(version.configuration.instanceConcurrency) calls each"
        switch refusal {
        case .queueFull:
            return CallRefusal(
                error: ServiceError(
                    status: 429, code: "ResourceExhausted",
                    message:
                        "Function '\(name)' has \(limits), and \(host.options.waitingCalls) calls wait already. Retry later, or raise maxInstances."
                ),
                retryAfter: 1)
        case .waitedTooLong:
            return CallRefusal(
                error: ServiceError(
                    status: 429, code: "ResourceExhausted",
                    message:
                        "No instance of function '\(name)' came free in \(host.options.waitTime.nanoseconds / 1_000_000) ms: it has \(limits)."
                        + " Retry later, or raise maxInstances."), retryAfter: 1)
        case .hostFull:
            return CallRefusal(
                error: ServiceError(
                    status: 503, code: "ResourceThrottled",
                    message:
                        "All \(host.options.maximumInstances) instances of this host are in use or reserved for other functions, and function '\(name)'"
                        + " has none. Retry later\(quota.reservedInstances == nil ? "; a reservedConcurrency keeps places for it" : "")."),
                retryAfter: 1)
        case .startFailed(let error, let pause):
            return CallRefusal(error: error, retryAfter: Int((pause.nanoseconds + 999_999_999) / 1_000_000_000))
        case .noneProvisioned:
            return CallRefusal(
                error: ServiceError(
                    status: 429, code: "ResourceExhausted",
                    message:
                        "Function '\(name)' has disableOndemand set, and no provisioned instance. Provision some, or clear disableOndemand."
                ),
                retryAfter: 1)
        case .aborted(let error): return CallRefusal(error: error, retryAfter: nil)
        }
    }

    /// The error of a call that is one too many for the function's reserved concurrency.
    var quotaRefusal: CallRefusal {
        let (name, instances) = (version.key.function, quota.reservedInstances ?? 0)
        let words =
            instances == 0
            ? "Function '\(name)' has a reservedConcurrency of 0, which forbids all calls. Raise it, or delete its concurrency configuration."
            : "Function '\(name)' has a reservedConcurrency of \(instances) instances of \(version.configuration.instanceConcurrency) calls each,"
                + " and all are at work. Retry later, or raise it."
        return CallRefusal(error: ServiceError(status: 429, code: "ResourceExhausted", message: words), retryAfter: 1)
    }

    /// Whether the periodic health check may be sent now. A program that serves one call at a time may have one thread: it is asked only after a
    /// while without calls, when no connection of ours is open to it any more.
    func mayProbe(_ instance: ActiveInstance) -> Bool {
        let now = host.clock.now()
        return guarded.withLock { guarded in
            let state = guarded.state
            if state.isFrozen(instance.slot) { return false }
            return state.limits.concurrency > 1 || state.idleTime(of: instance.slot, now: now).map { $0 > .seconds(3) } ?? false
        }
    }

    /// Whether it is kept from running, so that it cannot answer.
    func isFrozen(_ instance: ActiveInstance) -> Bool { guarded.withLock { $0.state.isFrozen(instance.slot) } }

    /// Calls that have an instance, and calls that wait for one.
    package var callsInProgress: Int { guarded.withLock { $0.state.inFlight + $0.state.waitingCount } }

    /// How many instances are ready, and why there are not more.
    func provisionStanding() -> (current: Int, error: String?) {
        guarded.withLock { guarded in
            let most = version.configuration.maximumInstances
            let full = most.flatMap { $0 < guarded.state.provisioned ? "the function's maxInstances is \($0)" : nil }
            return (guarded.state.readyCount, guarded.state.lastFailure?.message ?? full)
        }
    }

    func liveInstances() -> [ActiveInstance] { guarded.withLock { Array($0.instances.values) } }

    func snapshots() -> [InstanceSnapshot] {
        guarded.withLock { guarded in
            guarded.instances.values.compactMap { instance in
                guard let condition = guarded.state.condition(of: instance.slot) else { return nil }
                return InstanceSnapshot(instance, condition)
            } + guarded.runs.values.map { InstanceSnapshot($0, version.key) }
        }
    }
}
