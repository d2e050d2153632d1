// SPDX-License-Identifier: Apache-2.0

/// Six fields: second, minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
///
/// Where both a day of the month and a day of the week are given, either will do, as in every cron. Where clocks change, a schedule that names its
/// hours ticks once for each of them: a time that is skipped is made up for at the moment of the change, and one that comes twice counts the first
/// time. A schedule with `*` as its hour goes by the time that passes, so it leaves nothing out and ticks in both of the doubled hours.
public struct CronExpression: Hashable, Sendable {
    private let seconds: CronField
    private let minutes: CronField
    private let hours: CronField
    private let days: CronField
    private let months: CronField
    private let weekdays: CronField
    public let text: String

    /// The longest that a date can be away, in seconds: 29 February, across a century's year that has none.
    private static let horizon: Int64 = 366 * 8 * 86_400 + 86_400

    /// - Throws: ``ScheduleError`` that names the field, what it has, and what it may have.
    public init(_ text: String) throws(ScheduleError) {
        let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard fields.count == 6 else {
            throw ScheduleError(
                "'\(text)' has \(fields.count) fields; a schedule has 6: second minute hour day month weekday, for example '0 0 4 * * *'")
        }
        seconds = try CronField(fields[0], .second)
        minutes = try CronField(fields[1], .minute)
        hours = try CronField(fields[2], .hour)
        days = try CronField(fields[3], .day)
        months = try CronField(fields[4], .month)
        weekdays = try CronField(fields[5], .weekday)
        self.text = fields.joined(separator: " ")
    }

    /// The first tick after a moment, both in seconds since 1970.
    func next(after time: Int64, in zone: TimeZoneRule) -> Int64? {
        let limit = time + Self.horizon
        var from = time + 1
        // Wall times before this one were shown before in the span ahead of this one.
        var shownUntil = Int64.min
        if !hours.isWildcard { shownUntil = Self.lastShown(before: from, in: zone) }
        while from < limit {
            let span = zone.span(at: from)
            let end = min(span.end ?? limit, limit)
            if let wall = firstMatch(notBefore: max(from + span.offset, shownUntil), before: end + span.offset) {
                return wall - span.offset
            }
            guard let change = span.end, change < limit else { return nil }
            let after = zone.offset(at: change)
            if !hours.isWildcard {
                // The clocks go forward past a time that was due: it is due now.
                if after > span.offset, firstMatch(notBefore: change + span.offset, before: change + after) != nil { return change }
                shownUntil = change + span.offset
            }
            from = change
        }
        return nil
    }

    /// The wall time that clocks had reached when they were last put back, if that was within the last day.
    private static func lastShown(before second: Int64, in zone: TimeZoneRule) -> Int64 {
        var from = second - 86_400
        var shown = Int64.min
        while case let span = zone.span(at: from), let change = span.end, change <= second {
            shown = change + span.offset
            from = change
        }
        return shown
    }

    /// The first wall time from `start` on that all fields allow.
    private func firstMatch(notBefore start: Int64, before end: Int64) -> Int64? {
        var day = WallTime.floorDivide(start, 86_400)
        var second = Int(start - day * 86_400)
        while day * 86_400 < end {
            let date = WallTime.date(ofDay: day)
            guard months.contains(date.month) else {
                let next =
                    date.month == 12
                    ? WallTime.Date(year: date.year + 1, month: 1, day: 1) : .init(year: date.year, month: date.month + 1, day: 1)
                (day, second) = (WallTime.day(of: next), 0)
                continue
            }
            if isDay(date, weekday: WallTime.weekday(ofDay: day)), let found = firstSecond(notBefore: second) {
                let wall = day * 86_400 + Int64(found)
                return wall < end ? wall : nil
            }
            (day, second) = (day + 1, 0)
        }
        return nil
    }

    private func isDay(_ date: WallTime.Date, weekday: Int) -> Bool {
        switch (days.isWildcard, weekdays.isWildcard) {
        case (false, false): days.contains(date.day) || weekdays.contains(weekday)
        default: days.contains(date.day) && weekdays.contains(weekday)
        }
    }

    /// The first second of a day, from `start` on, that the three fields of the clock allow.
    private func firstSecond(notBefore start: Int) -> Int? {
        let (startHour, startMinute, startSecond) = (start / 3600, start / 60 % 60, start % 60)
        guard let hour = hours.first(from: startHour) else { return nil }
        var minute = minutes.first(from: 0)
        var second = seconds.first(from: 0)
        if hour == startHour {
            if minutes.contains(startMinute), let rest = seconds.first(from: startSecond) {
                (minute, second) = (startMinute, rest)
            } else if let later = minutes.first(from: startMinute + 1) {
                minute = later
            } else {
                return hour < 23 ? firstSecond(notBefore: (hour + 1) * 3600) : nil
            }
        }
        guard let minute, let second else { return nil }
        return hour * 3600 + minute * 60 + second
    }
}
