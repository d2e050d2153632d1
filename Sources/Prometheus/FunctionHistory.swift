// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// What happened to each function lately, in steps of equal length, taken from the very counters that are read as metrics.
public final class FunctionHistory: Sendable {
    /// What one function went through in one step.
    public struct Step: Hashable, Sendable {
        /// The end of the step: milliseconds since 1970, UTC.
        public var time: Int64
        public var invocations: Int
        public var errors: Int
        public var coldStarts: Int
        /// At its end: asynchronous invocations that wait, and the age of the oldest in seconds.
        public var waiting: Double
        public var oldestAge: Double

        public init(time: Int64, invocations: Int, errors: Int, coldStarts: Int, waiting: Double = 0, oldestAge: Double = 0) {
            self.time = time
            self.invocations = invocations
            self.errors = errors
            self.coldStarts = coldStarts
            self.waiting = waiting
            self.oldestAge = oldestAge
        }
    }

    /// The names that are read, each of which has a label `function`.
    public struct Names: Sendable {
        /// Has a label `outcome` too, of which all but `success` are errors.
        public var invocations: String
        public var coldStarts: String
        /// Gauges.
        public var waiting: String
        public var oldestAge: String

        public init(invocations: String, coldStarts: String, waiting: String = "", oldestAge: String = "") {
            self.invocations = invocations
            self.coldStarts = coldStarts
            self.waiting = waiting
            self.oldestAge = oldestAge
        }
    }

    private struct Totals: Equatable {
        var invocations = 0
        var errors = 0
        var coldStarts = 0
    }

    private struct Kept {
        var totals = Totals()
        var steps: [Step] = []
    }

    private let registry: PrometheusRegistry
    private let names: Names
    private let capacity: Int
    private let kept = Mutex<[String: Kept]>([:])

    /// - Parameter capacity: steps kept of each function.
    public init(_ registry: PrometheusRegistry, names: Names, capacity: Int) {
        self.registry = registry
        self.names = names
        self.capacity = capacity
    }

    /// Ends a step. Functions that are counted no more are forgotten.
    public func step(at time: Int64) {
        let totals = totals()
        let (waiting, ages) = (gauge(names.waiting), gauge(names.oldestAge))
        kept.withLock { kept in
            kept = kept.filter { totals[$0.key] != nil }
            for (function, now) in totals {
                var entry = kept[function] ?? Kept()
                let before = entry.totals
                entry.totals = now
                // Numbers that went down began anew: the function was deleted and made again.
                let since = now.invocations < before.invocations ? Totals() : before
                entry.steps.append(
                    Step(
                        time: time, invocations: now.invocations - since.invocations, errors: now.errors - since.errors,
                        coldStarts: now.coldStarts - min(since.coldStarts, now.coldStarts), waiting: waiting[function] ?? 0,
                        oldestAge: ages[function] ?? 0))
                if entry.steps.count > capacity { entry.steps.removeFirst(entry.steps.count - capacity) }
                kept[function] = entry
            }
        }
    }

    /// The steps of a function, oldest first, and what has happened since the last one as a step of its own.
    public func steps(of function: String, now: Int64) -> [Step] {
        let current = totals()[function] ?? Totals()
        return kept.withLock { kept in
            guard let entry = kept[function] else {
                return current == Totals()
                    ? []
                    : [Step(time: now, invocations: current.invocations, errors: current.errors, coldStarts: current.coldStarts)]
            }
            let since = current.invocations < entry.totals.invocations ? Totals() : entry.totals
            return entry.steps + [
                Step(
                    time: now, invocations: current.invocations - since.invocations, errors: current.errors - since.errors,
                    coldStarts: current.coldStarts - min(since.coldStarts, current.coldStarts))
            ]
        }
    }

    /// A gauge by function.
    private func gauge(_ name: String) -> [String: Double] {
        guard !name.isEmpty else { return [:] }
        return Dictionary(registry.samples(name).compactMap { sample in sample.labels["function"].map { ($0, sample.value) } }) { $1 }
    }

    private func totals() -> [String: Totals] {
        var totals: [String: Totals] = [:]
        for sample in registry.samples(names.invocations) {
            guard let function = sample.labels["function"] else { continue }
            totals[function, default: Totals()].invocations += Int(sample.value)
            if sample.labels["outcome"] != "success" { totals[function, default: Totals()].errors += Int(sample.value) }
        }
        for sample in registry.samples(names.coldStarts) {
            guard let function = sample.labels["function"] else { continue }
            totals[function, default: Totals()].coldStarts += Int(sample.value)
        }
        return totals
    }
}
