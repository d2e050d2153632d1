// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

extension CapacityPlan {
    /// Spans in which the last tick of a schedule is looked for, in seconds: a schedule with many ticks has one in a short span.
    private static let spans: [Int64] = [60, 3600, 86_400, 31 * 86_400, 366 * 86_400, 9 * 366 * 86_400]

    /// The number of instances by base and planned changes: of the changes that count now, the one that came last.
    public func planned(at now: Timestamp) -> Int {
        var newest: (tick: Timestamp, target: Int)?
        for change in changes where change.active.contains(now) {
            let from = max(since, change.active.start ?? since)
            guard let tick = Self.lastTick(of: change.schedule, from: from, upTo: now) else { continue }
            if newest.map({ $0.tick <= tick }) ?? true { newest = (tick, change.target) }
        }
        return newest?.target ?? base
    }

    /// The number of instances now: what is planned, or what the load asks for where that is more.
    ///
    /// - Parameters:
    ///   - load: calls in progress, as ``LoadHistory`` has them.
    ///   - concurrency: calls that one instance serves at once.
    public func target(at now: Timestamp, load: LoadHistory, concurrency: Int) -> Int {
        var target = planned(at: now)
        for tracking in trackings where tracking.active.contains(now) {
            let wanted = (load.level / (Double(concurrency) * tracking.utilization)).rounded(.up)
            target = max(target, min(max(Int(min(wanted, 1e6)), tracking.minimum), tracking.maximum))
        }
        return target
    }

    private static func lastTick(of schedule: Schedule, from start: Timestamp, upTo now: Timestamp) -> Timestamp? {
        for span in spans {
            let early = Timestamp(milliseconds: max(start.milliseconds, now.milliseconds - span * 1000) - 1)
            if let last = schedule.last(after: early, upTo: now, anchor: start) { return last.tick }
            if early < start { return nil }
        }
        return nil
    }
}

/// How many calls were in progress in the last minute, one sample a second.
///
/// Instances come with the mean of a few seconds, so that one short peak brings none, and go with the highest such mean of the whole minute.
public struct LoadHistory: Hashable, Sendable {
    private static let window = 60
    private static let mean = 5

    private var samples: [Double] = []
    private var means: [Double] = []

    public init() {}

    public mutating func add(_ callsInProgress: Int) {
        samples = samples.suffix(Self.mean - 1) + [Double(callsInProgress)]
        means = means.suffix(Self.window - 1) + [samples.reduce(0, +) / Double(Self.mean)]
    }

    /// The highest mean of the last minute.
    public var level: Double { means.max() ?? 0 }
}
