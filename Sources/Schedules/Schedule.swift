// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// When something is due: at an interval, at times of the calendar, or once. Every question to it is a pure function of a time.
///
/// Source: Function Compute contract §5.7 (`scheduleExpression`) and §5.8 (`cronExpression`).
public enum Schedule: Hashable, Sendable {
    /// Every so many milliseconds, counted from an anchor.
    case every(milliseconds: Int64)
    case cron(CronExpression, TimeZoneRule)
    /// Once.
    case at(Timestamp)

    /// The first tick after a time.
    ///
    /// - Parameter anchor: where an interval is counted from; its first tick is one interval later. Ticks of the other kinds do not depend on it.
    /// - Returns: nil where there is none any more.
    public func next(after time: Timestamp, anchor: Timestamp) -> Timestamp? {
        switch self {
        case .every(let interval):
            let passed = time.milliseconds - anchor.milliseconds
            let ticks = passed < 0 ? 0 : passed / interval
            let (offset, overflow) = (ticks + 1).multipliedReportingOverflow(by: interval)
            return overflow ? nil : Timestamp(milliseconds: anchor.milliseconds + offset)
        case .cron(let expression, let zone):
            let second = WallTime.floorDivide(time.milliseconds, 1000)
            return expression.next(after: second, in: zone).map { Timestamp(milliseconds: $0 * 1000) }
        case .at(let moment): return moment > time ? moment : nil
        }
    }

    /// The last tick after `start` that is not after `end`, and how many there are in that span; nil where there is none.
    ///
    /// At most `limit` ticks are walked through one by one; past that the count is a lower bound and the tick the last one found.
    public func last(after start: Timestamp, upTo end: Timestamp, anchor: Timestamp, limit: Int = 100_000) -> (tick: Timestamp, count: Int)?
    {
        if case .every(let interval) = self {
            guard let first = next(after: start, anchor: anchor), first <= end else { return nil }
            let more = (end.milliseconds - first.milliseconds) / interval
            return (Timestamp(milliseconds: first.milliseconds + more * interval), Int(more) + 1)
        }
        var found: (tick: Timestamp, count: Int)?
        var from = start
        while let tick = next(after: from, anchor: anchor), tick <= end, (found?.count ?? 0) < limit {
            found = (tick, (found?.count ?? 0) + 1)
            from = tick
        }
        return found
    }
}

/// What cannot be read as a schedule, in words that name the part, what is allowed there, and an example.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}
