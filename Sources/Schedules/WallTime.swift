// SPDX-License-Identifier: Apache-2.0

/// Times as clocks on a wall show them, in seconds since 1970-01-01 00:00 on that wall. They are no moments: a zone makes them so.
enum WallTime {
    /// A day of the Gregorian calendar.
    struct Date: Hashable {
        var year: Int
        var month: Int
        var day: Int

        var isReal: Bool { (1...12).contains(month) && (1...WallTime.days(in: month, of: year)).contains(day) }
    }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
    static func day(of date: Date) -> Int64 {
        let year = Int64(date.month > 2 ? date.year : date.year - 1)
        let cycle = floorDivide(year, 400)
        let yearOfCycle = year - cycle * 400
        let monthFromMarch = Int64(date.month > 2 ? date.month - 3 : date.month + 9)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(date.day) - 1
        return cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
    }

    static func date(ofDay day: Int64) -> Date {
        let shifted = day + 719_468
        let cycle = floorDivide(shifted, 146_097)
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return Date(
            year: Int(yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)), month: Int(month),
            day: Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))
    }

    /// 0 is Sunday.
    static func weekday(ofDay day: Int64) -> Int { Int(((day + 4) % 7 + 7) % 7) }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }
}
