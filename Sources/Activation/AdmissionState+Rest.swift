// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// How long an instance is kept where that is learned from the function's idle times, and when one is started ahead of the next call.
extension AdmissionState {
    /// Where a function is between two of its calls.
    enum Rest {
        case atWork
        /// No call runs or waits. Where the past says when the next one is due, an instance starts at `startAt`, and is kept from there on.
        case idle(since: NIODeadline, startAt: NIODeadline?, kept: TimeAmount)
    }

    /// A call has come: what has passed since the last one is remembered.
    mutating func restEnds(now: NIODeadline) {
        guard case .idle(let since, _, _) = rest else { return }
        history.observe(Double((now - since).nanoseconds) / 1e9)
        rest = .atWork
    }

    /// An instance has finished its last call.
    ///
    /// - Returns: how long it is kept. Where calls go on elsewhere it is the fixed time: what is learned is learned of the function, not of one of many
    ///   instances.
    mutating func restBegins(now: NIODeadline, _ actions: inout [Action]) -> TimeAmount {
        guard limits.learnsIdleTime, waiting.isEmpty, ready.allSatisfy({ $0.inFlight == 0 }) else { return limits.idleTime }
        guard let windows = history.windows else {
            rest = .idle(since: now, startAt: nil, kept: limits.idleTime)
            return limits.idleTime
        }
        let (away, kept) = (TimeAmount.nanoseconds(Int64(windows.preWarm * 1e9)), TimeAmount.nanoseconds(Int64(windows.keepAlive * 1e9)))
        guard windows.preWarm > 0 else {
            rest = .idle(since: now, startAt: nil, kept: kept)
            return kept
        }
        rest = .idle(since: now, startAt: now + away, kept: kept)
        wake(at: now + away, &actions)
        return .zero
    }

    /// How long an instance is kept that becomes ready and finds no call.
    var keptAhead: TimeAmount {
        if case .idle(_, _, let kept) = rest { kept } else { limits.idleTime }
    }

    /// Starts the instance that the next call is expected to need.
    mutating func startAhead(now: NIODeadline) -> [Action] {
        guard case .idle(let since, let due?, let kept) = rest else { return [] }
        guard due <= now else {
            var actions: [Action] = []
            wake(at: due, &actions)
            return actions
        }
        rest = .idle(since: since, startAt: nil, kept: kept)
        guard startsOnDemand, alive == 0 else { return [] }
        starting.insert(nextSlot)
        defer { nextSlot += 1 }
        return [.start(nextSlot)]
    }
}

/// Room for other functions, where the host has none left.
extension AdmissionState {
    /// What counts when the host looks for an instance to end for another function.
    package struct Holding: Hashable, Sendable {
        package var ready: Int
        /// Ready or starting.
        package var held: Int
        /// Whether one that is not kept on purpose has no call at this moment.
        package var hasIdle: Bool

        package init(ready: Int, held: Int, hasIdle: Bool) {
            (self.ready, self.held, self.hasIdle) = (ready, held, hasIdle)
        }
    }

    package var holding: Holding {
        let free = ready.dropFirst(provisioned)
        return Holding(ready: free.count, held: ready.count + starting.count, hasIdle: free.contains { $0.inFlight == 0 })
    }

    /// Which function gives up an instance for one that holds `held`: one with an idle instance; else one that would still hold as many as the
    /// other. Among several, the one that holds most.
    ///
    /// - Parameter held: nil for a function that the place is reserved for: then any other is rich enough.
    /// - Returns: an index; nil where there is none, and each has its share.
    package static func whoYields(_ others: [Holding], for held: Int?) -> Int? {
        let idle = others.indices.filter { others[$0].hasIdle }
        let rich = others.indices.filter { others[$0].ready > 0 && others[$0].held >= held.map { $0 + 2 } ?? 1 }
        return (idle.isEmpty ? rich : idle).max { others[$0].held < others[$1].held }
    }

    /// Gives up one instance: the one that is idle longest, now; else the one with the fewest calls, when they are done.
    package mutating func yield() -> [Action] {
        let free = ready.indices.dropFirst(provisioned)
        let idle = free.filter { ready[$0].inFlight == 0 }.min { ready[$0].idleSince < ready[$1].idleSince }
        guard let index = idle ?? free.min(by: { ready[$0].inFlight < ready[$1].inFlight }) else { return [] }
        return retire(index, .yielded)
    }
}
