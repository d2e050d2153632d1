// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
package import FunctionModel
package import NIOCore

extension AdmissionState {
    /// The instance answers and may take calls.
    package mutating func instanceReady(_ slot: Slot, now: NIODeadline) -> [Action] {
        guard starting.remove(slot) != nil else { return [] }
        let index = ready.firstIndex { $0.slot > slot } ?? ready.endIndex
        ready.insert(Ready(slot: slot, idleSince: now, kept: keptAhead), at: index)
        var actions = grantWaiting(index)
        guard ready[index].inFlight == 0 else { return actions }
        if draining { return retire(index, .drained) }
        wake(at: now + ready[index].kept, &actions)
        if let due = wakeToFreeze(index) { wake(at: due, &actions) }
        return actions
    }

    /// The start came to nothing. `gone` says whether the program has ended already; where not, it is stopped.
    package mutating func startFailed(_ slot: Slot, _ failure: ServiceError, gone: Bool, now: NIODeadline) -> [Action] {
        guard starting.remove(slot) != nil else {
            return gone ? instanceExited(slot, failure, now: now) : []
        }
        var actions: [Action] = []
        if !gone {
            leaving[slot] = Leaving(inFlight: 0, stopAsked: true)
            actions.append(.stop(slot, .startFailed))
        }
        noteFailure(failure, now: now)
        return actions + afterLoss(now: now)
    }

    /// The host has no room for the instance that was to start.
    package mutating func startRefused(_ slot: Slot, now: NIODeadline) -> [Action] {
        guard starting.remove(slot) != nil else { return [] }
        var actions: [Action] = waiting.isEmpty ? [] : [.makeRoom]
        wake(at: now + .milliseconds(100), &actions)
        return actions + finishedIfDrained()
    }

    /// No other function has an instance to give up. Calls go on waiting where another instance of theirs may come free.
    package mutating func noRoom() -> [Action] {
        guard alive == 0 else { return [] }
        defer { waiting.removeAll() }
        return waiting.map { .refuse($0.call, .hostFull) } + finishedIfDrained()
    }

    /// The program of an instance that was ready, or was to leave, has ended.
    package mutating func instanceExited(_ slot: Slot, _ failure: ServiceError, now: NIODeadline) -> [Action] {
        if leaving.removeValue(forKey: slot) != nil { return afterLoss(now: now) }
        guard let index = readyIndex(slot) else { return [] }
        // One that dies of a call was able to start: the next call gets a new one at once.
        let lost = ready.remove(at: index)
        if lost.completed == 0, lost.inFlight == 0 { noteFailure(failure, now: now) }
        return afterLoss(now: now)
    }

    /// Time has passed.
    package mutating func tick(now: NIODeadline) -> [Action] {
        nextWake = nil
        var actions: [Action] = []
        for index in ready.indices.reversed() where ready[index].inFlight == 0 && ready[index].idleSince + ready[index].kept <= now {
            // The youngest go first, and the provisioned ones stay.
            if ready.count > provisioned { actions += retire(index, .idle) }
        }
        actions += freezeIdle(now: now)
        // A starting instance may still take them; its own time limit bounds how long.
        while starting.isEmpty, let first = waiting.first, first.deadline <= now {
            waiting.removeFirst()
            actions.append(.refuse(first.call, .waitedTooLong))
        }
        actions += startByNeed(now: now) + startAhead(now: now)
        if let first = waiting.first { wake(at: max(first.deadline, now + .milliseconds(100)), &actions) }
        if wantsInstances, let backOff, backOff.until > now { wake(at: backOff.until, &actions) }
        for instance in ready.dropFirst(provisioned) where instance.inFlight == 0 {
            wake(at: instance.idleSince + instance.kept, &actions)
        }
        return actions + finishedIfDrained()
    }

    /// The version is replaced or the host shuts down: running and waiting calls end well, and each instance ends with its last call.
    package mutating func drain(now: NIODeadline) -> [Action] {
        draining = true
        provisioned = 0
        rest = .atWork
        var actions: [Action] = []
        for index in ready.indices.reversed() where ready[index].inFlight == 0 { actions += retire(index, .drained) }
        if waiting.isEmpty { actions += stopStarting() }
        return actions + finishedIfDrained()
    }

    /// Ends every instance: idle and starting ones at once, busy ones with their last call. New calls get new instances.
    package mutating func stopAll(now: NIODeadline) -> [Action] {
        var actions = stopStarting()
        for index in ready.indices.reversed() { actions += retire(index, .drained) }
        return actions + startByNeed(now: now)
    }

    /// Ends every instance at once, whatever it is at, and refuses the waiting calls.
    package mutating func abort(_ failure: ServiceError, now: NIODeadline) -> [Action] {
        var actions = waiting.map { Action.refuse($0.call, .aborted(failure)) } + stopStarting()
        waiting.removeAll()
        for index in ready.indices { actions += thaw(index) }
        for instance in ready { leaving[instance.slot] = Leaving(inFlight: instance.inFlight, stopAsked: false) }
        ready.removeAll()
        for slot in leaving.keys.sorted() where leaving[slot]?.stopAsked == false {
            leaving[slot]?.stopAsked = true
            actions.append(.stop(slot, .aborted))
        }
        return actions + finishedIfDrained()
    }

    private mutating func stopStarting() -> [Action] {
        let slots = starting.sorted()
        starting.removeAll()
        for slot in slots { leaving[slot] = Leaving(inFlight: 0, stopAsked: true) }
        return slots.map { .stop($0, .drained) }
    }

    /// Takes an instance out of the choice; it is stopped now or, where it has calls, after the last one.
    mutating func retire(_ index: Int, _ reason: StopReason) -> [Action] {
        let thawed = thaw(index)
        let instance = ready.remove(at: index)
        let idle = instance.inFlight == 0
        leaving[instance.slot] = Leaving(inFlight: instance.inFlight, stopAsked: idle)
        return idle ? thawed + [.stop(instance.slot, reason)] : []
    }

    mutating func startByNeed(now: NIODeadline) -> [Action] {
        if let backOff, now < backOff.until { return [] }
        let forCalls = startsOnDemand ? (waiting.count + limits.concurrency - 1) / limits.concurrency : 0
        var actions: [Action] = []
        while starting.count < limits.simultaneousStarts, starting.count < forCalls || isShortOfProvisioned {
            guard alive < limits.maximumInstances else {
                // One that gets no calls makes room for one that does.
                if let index = ready.firstIndex(where: { !$0.isHealthy && $0.inFlight == 0 }) { actions += retire(index, .unhealthy) }
                break
            }
            starting.insert(nextSlot)
            actions.append(.start(nextSlot))
            nextSlot += 1
        }
        return actions
    }

    mutating func afterLoss(now: NIODeadline) -> [Action] {
        var actions = startByNeed(now: now) + refuseHopeless(now: now)
        if wantsInstances, let backOff, backOff.until > now { wake(at: backOff.until, &actions) }
        return actions + finishedIfDrained()
    }

    private var isShortOfProvisioned: Bool { ready.count { $0.isHealthy } + starting.count < provisioned }

    private var wantsInstances: Bool { !waiting.isEmpty || isShortOfProvisioned }

    mutating func noteFailure(_ failure: ServiceError, now: NIODeadline) {
        // Starts that fail together, or in a pause, count as one.
        if let backOff, now < backOff.until {
            self.backOff?.failure = failure
            return
        }
        let failures = (backOff?.failures ?? 0) + 1
        let doubled = limits.firstBackOff.nanoseconds << Int64(min(failures - 1, 20))
        let pause = TimeAmount.nanoseconds(min(doubled, limits.longestBackOff.nanoseconds))
        backOff = BackOff(failures: failures, until: now + pause, failure: failure)
    }

    /// Asks to be woken, unless an earlier waking is asked for already.
    mutating func wake(at time: NIODeadline, _ actions: inout [Action]) {
        if let nextWake, nextWake <= time { return }
        nextWake = time
        actions.append(.wake(time))
    }

    func finishedIfDrained() -> [Action] { draining && alive == 0 && waiting.isEmpty ? [.finished] : [] }

    func readyIndex(_ slot: Slot) -> Int? {
        var low = 0
        var high = ready.count
        while low < high {
            let middle = (low + high) / 2
            if ready[middle].slot == slot { return middle }
            if ready[middle].slot < slot { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}
