// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Schedule {
    /// Reads a timer trigger's `cronExpression`: `@every 4m`, six fields in UTC, or six fields behind `CRON_TZ=Asia/Shanghai `.
    ///
    /// - Throws: ``ScheduleError``, also for a schedule that has no tick, such as 30 February.
    public init(timer text: String) throws(ScheduleError) {
        if text.hasPrefix("@") {
            let words = text.split(separator: " ")
            guard words.count == 2, words[0] == "@every" else {
                throw ScheduleError("'\(text)' is no schedule: behind '@' only 'every' is known, as in '@every 4m'")
            }
            self = .every(milliseconds: try Self.interval(words[1]))
            return
        }
        var fields = Substring(text)
        var zone = TimeZoneRule.utc
        for prefix in ["CRON_TZ=", "TZ="] where fields.hasPrefix(prefix) {
            let name = fields.dropFirst(prefix.utf8.count).prefix { $0 != " " }
            zone = try TimeZoneRule(name: String(name))
            fields = fields.dropFirst(prefix.utf8.count + name.utf8.count)
        }
        self = try Self.cron(checked: CronExpression(String(fields)), zone, text)
    }

    /// Reads the `scheduleExpression` of a provision or scaling policy: `at(2026-11-25T08:00:00)` or `cron(0 0 8 * * *)`.
    ///
    /// - Parameter timeZone: the policy's `timeZone`, by which its times are meant; nil or empty is UTC. A time that ends in `Z` is UTC in any case.
    /// - Throws: ``ScheduleError``.
    public init(action text: String, timeZone: String?) throws(ScheduleError) {
        let zone = try timeZone.flatMap { $0.isEmpty ? nil : $0 }.map { name throws(ScheduleError) in try TimeZoneRule(name: name) } ?? .utc
        if text.hasPrefix("at("), text.hasSuffix(")") {
            self = .at(try Self.moment(text.dropFirst(3).dropLast(), zone))
        } else if text.hasPrefix("cron("), text.hasSuffix(")") {
            self = try Self.cron(checked: CronExpression(String(text.dropFirst(5).dropLast())), zone, text)
        } else {
            throw ScheduleError("'\(text)' is no schedule; use at(yyyy-mm-ddThh:mm:ss) or cron(second minute hour day month weekday)")
        }
    }

    private static func cron(checked expression: CronExpression, _ zone: TimeZoneRule, _ text: String) throws(ScheduleError) -> Schedule {
        // Some year of the leap-year cycle has every date there is.
        guard expression.next(after: 946_684_800, in: .utc) != nil else {
            throw ScheduleError("'\(text)' never comes: no month that it names has such a day")
        }
        return .cron(expression, zone)
    }

    /// Numbers with a unit, largest unit first: `4m`, `1h30m`, `1.5h`. At least one second, since a timer is no stopwatch.
    private static func interval(_ text: Substring) throws(ScheduleError) -> Int64 {
        let unreadable = ScheduleError(
            "'\(text)' is no interval; use numbers with h, m or s, of at least 1s and at most 8760h, as in '1h30m'")
        let units: [Character: Double] = ["h": 3_600_000, "m": 60_000, "s": 1000]
        var rest = text
        var total = 0.0
        var largest = Double.infinity
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard digits.first?.isNumber == true, digits.last?.isNumber == true, let number = Double(digits),
                let unit = rest.dropFirst(digits.count).first.flatMap({ units[$0] }), unit < largest
            else { throw unreadable }
            total += number * unit
            largest = unit
            rest = rest.dropFirst(digits.count + 1)
        }
        guard (1000...8760 * 3_600_000).contains(total) else { throw unreadable }
        return Int64(total.rounded())
    }

    /// `yyyy-mm-ddThh:mm:ss`, or the same with `Z` behind it.
    private static func moment(_ text: Substring, _ zone: TimeZoneRule) throws(ScheduleError) -> Timestamp {
        let unreadable = ScheduleError("'\(text)' is no time; write it as yyyy-mm-ddThh:mm:ss, for example 2026-11-25T08:00:00")
        let isUTC = text.hasSuffix("Z")
        let plain = Array((isUTC ? text.dropLast() : text).utf8)
        let template = Array("0000-00-00T00:00:00".utf8)
        guard plain.count == template.count,
            zip(plain, template).allSatisfy({ $1 == UInt8(ascii: "0") ? (48...57).contains($0) : $0 == $1 })
        else { throw unreadable }
        func number(_ range: Range<Int>) -> Int { plain[range].reduce(0) { $0 * 10 + Int($1 - 48) } }
        let date = WallTime.Date(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard date.isReal, hour < 24, minute < 60, second < 60 else { throw unreadable }
        let wall = WallTime.day(of: date) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return Timestamp(milliseconds: (isUTC ? wall : zone.instant(ofWall: wall)) * 1000)
    }
}
