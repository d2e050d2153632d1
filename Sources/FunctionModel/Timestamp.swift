// SPDX-License-Identifier: Apache-2.0

/// A moment, in milliseconds of Unix time.
public struct Timestamp: Hashable, Sendable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// As the service writes `createdTime`: RFC 3339 in UTC, whole seconds, for example `2026-11-23T08:40:54Z`.
    public var rfc3339: String {
        let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
        let secondOfDay = ((seconds % 86_400) + 86_400) % 86_400
        let date = Self.date(day: (seconds - secondOfDay) / 86_400)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let year = String(date.year)
        let paddedYear = String(repeating: "0", count: max(0, 4 - year.count)) + year
        return
            "\(paddedYear)-\(two(date.month))-\(two(date.day))T\(two(secondOfDay / 3600)):\(two(secondOfDay / 60 % 60)):\(two(secondOfDay % 60))Z"
    }

    /// The Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
    private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let daysIn400Years: Int64 = 146_097
        let shifted = day + 719_468  // days from 0000-03-01 to 1970-01-01
        let cycle = (shifted >= 0 ? shifted : shifted - daysIn400Years + 1) / daysIn400Years
        let dayOfCycle = shifted - cycle * daysIn400Years
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }
}
