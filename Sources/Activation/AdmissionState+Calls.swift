// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
package import FunctionModel
package import NIOCore

extension AdmissionState {
    /// A call wants an instance. Its name must be new.
    package mutating func callArrives(_ call: Call, now: NIODeadline) -> Arrival {
        restEnds(now: now)
        if waiting.isEmpty, let index = leastLoaded() {
            let wasFrozen = !thaw(index).isEmpty
            let (slot, first) = (ready[index].slot, take(index))
            return wasFrozen ? .grantedFrozen(slot, first: first) : .granted(slot, first: first)
        }
        if let pause = pause(now: now) { return .refused(pause) }
        if !startsOnDemand, provisioned == 0, alive == 0 { return .refused(.noneProvisioned) }
        guard waiting.count < limits.waitingCalls, limits.maximumInstances > 0 else { return .refused(.queueFull) }
        waiting.append(Waiting(call: call, deadline: now + limits.waitTime))
        var actions = startByNeed(now: now)
        wake(at: now + limits.waitTime, &actions)
        return .waiting(actions)
    }

    /// The caller of a waiting call has left. Granted and unknown calls are none of this event's business.
    package mutating func callCancelled(_ call: Call) -> [Action] {
        waiting.removeAll { $0.call == call }
        return finishedIfDrained()
    }

    /// A granted call is over.
    package mutating func callFinished(_ slot: Slot, _ end: CallEnd, now: NIODeadline) -> [Action] {
        guard let index = readyIndex(slot) else { return leaverFinishedCall(slot) }
        ready[index].inFlight -= 1
        if end == .completed {
            ready[index].completed += 1
            backOff = nil
        }
        if end == .abandoned, limits.replacesAbandoned, limits.concurrency == 1 {
            return retire(index, .abandonedCall) + startByNeed(now: now)
        }
        if ready[index].isHealthy, let next = waiting.popFirst() {
            return [.grant(next.call, slot, first: take(index))]
        }
        guard ready[index].inFlight == 0 else { return [] }
        if draining { return retire(index, .drained) }
        ready[index].idleSince = now
        var actions: [Action] = []
        ready[index].kept = restBegins(now: now, &actions)
        wake(at: now + ready[index].kept, &actions)
        if let due = wakeToFreeze(index) { wake(at: due, &actions) }
        return actions
    }

    /// A granted call found nobody listening, before a byte of it was sent: it takes its place at the head of the queue again.
    package mutating func callReturned(_ call: Call, from slot: Slot, failure: ServiceError, now: NIODeadline) -> [Action] {
        var actions: [Action] = []
        if let index = readyIndex(slot) {
            ready[index].inFlight -= 1
            if ready[index].completed == 0 { noteFailure(failure, now: now) }
            actions += retire(index, .unreachable)
        } else {
            actions += leaverFinishedCall(slot)
        }
        waiting.prepend(Waiting(call: call, deadline: now + limits.waitTime))
        if let index = leastLoaded(), let next = waiting.popFirst() {
            actions += thaw(index) + [.grant(next.call, ready[index].slot, first: take(index))]
        } else {
            actions += startByNeed(now: now) + refuseHopeless(now: now)
            wake(at: now + limits.waitTime, &actions)
        }
        return actions
    }

    private mutating func leaverFinishedCall(_ slot: Slot) -> [Action] {
        guard var leaver = leaving[slot], leaver.inFlight > 0 else { return [] }
        leaver.inFlight -= 1
        defer { leaving[slot] = leaver }
        guard leaver.inFlight == 0, !leaver.stopAsked else { return [] }
        leaver.stopAsked = true
        return [.stop(slot, .drained)]
    }

    /// The instance with the fewest calls that has room for one more.
    private func leastLoaded() -> Int? {
        var best: Int?
        var load = limits.concurrency
        for index in ready.indices where ready[index].isHealthy && ready[index].inFlight < load {
            best = index
            load = ready[index].inFlight
            if load == 0 { break }
        }
        return best
    }

    /// - Returns: whether it is the first call that this instance gets.
    mutating func take(_ index: Int) -> Bool {
        ready[index].inFlight += 1
        ready[index].granted += 1
        return ready[index].granted == 1
    }

    /// Why no call may wait now: every start failed lately, and nothing lives that could take it.
    private func pause(now: NIODeadline) -> Refusal? {
        guard !ready.contains(where: \.isHealthy), starting.isEmpty, let backOff, now < backOff.until else { return nil }
        return .startFailed(backOff.failure, retryIn: backOff.until - now)
    }

    /// Refuses the waiting calls where nothing that lives or starts could ever take them during the pause.
    mutating func refuseHopeless(now: NIODeadline) -> [Action] {
        guard let pause = pause(now: now) else { return [] }
        defer { waiting.removeAll() }
        return waiting.map { .refuse($0.call, pause) }
    }
}
