// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
package import FunctionModel
package import NIOCore

/// Instances that are alive and yet get no calls, and those that are kept without calls.
extension AdmissionState {
    /// The function refused to begin on this instance; it is stopped. The calls that it would have taken are told so, and the next ones try anew.
    package mutating func initializationFailed(_ slot: Slot, _ failure: ServiceError, now: NIODeadline) -> [Action] {
        guard starting.remove(slot) != nil else { return [] }
        leaving[slot] = Leaving(inFlight: 0, stopAsked: true)
        var actions = [Action.stop(slot, .startFailed)]
        // Without a call nobody would slow it down.
        if waiting.isEmpty { noteFailure(failure, now: now) }
        for _ in 0..<limits.concurrency {
            guard let next = waiting.popFirst() else { break }
            actions.append(.refuse(next.call, .startFailed(failure, retryIn: .zero)))
        }
        return actions + afterLoss(now: now)
    }

    /// Its periodic check failed too often: it gets no more calls, until it is healthy again or given up.
    package mutating func instanceUnhealthy(_ slot: Slot, now: NIODeadline) -> [Action] {
        guard let index = readyIndex(slot) else { return [] }
        ready[index].isHealthy = false
        return startByNeed(now: now)
    }

    /// Its periodic check succeeded often enough.
    package mutating func instanceHealthyAgain(_ slot: Slot, now: NIODeadline) -> [Action] {
        guard let index = readyIndex(slot) else { return [] }
        ready[index].isHealthy = true
        return grantWaiting(index)
    }

    /// It stays unhealthy: it ends with its last call.
    package mutating func instanceGivenUp(_ slot: Slot, now: NIODeadline) -> [Action] {
        guard let index = readyIndex(slot) else { return [] }
        return retire(index, .unhealthy) + startByNeed(now: now)
    }

    /// So many instances are kept from now on, with calls or without.
    ///
    /// - Parameter startsOnDemand: whether calls may start others besides.
    package mutating func provision(_ instances: Int, startsOnDemand: Bool = true, now: NIODeadline) -> [Action] {
        guard !draining, instances != provisioned || startsOnDemand != self.startsOnDemand else { return [] }
        provisioned = instances
        self.startsOnDemand = startsOnDemand && limits.startsOnDemand
        var actions = startByNeed(now: now)
        // Those that are not kept any more end when they have been idle long enough.
        for instance in ready.dropFirst(provisioned) where instance.inFlight == 0 {
            wake(at: instance.idleSince + instance.kept, &actions)
        }
        return actions
    }

    /// Gives the instance as many of the waiting calls as it has room for.
    mutating func grantWaiting(_ index: Int) -> [Action] {
        var actions = waiting.isEmpty ? [] : thaw(index)
        while ready[index].inFlight < limits.concurrency, let next = waiting.popFirst() {
            actions.append(.grant(next.call, ready[index].slot, first: take(index)))
        }
        return actions
    }
}
