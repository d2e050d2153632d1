// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// The `Date` header, RFC 9110 §5.6.7, made anew once a second.
struct HTTPDate {
    private var second: Int64 = -1
    private var line = ByteBuffer()

    /// With the field's name and its line break.
    mutating func line(unixMilliseconds: Int64) -> ByteBuffer {
        let now = unixMilliseconds / 1000
        if now != second {
            second = now
            line = ByteBuffer(string: "Date: \(Self.format(now))\r\n")
        }
        return line
    }

    private static let days: [String] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months: [String] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// - Parameter seconds: since 1970, a Thursday.
    static func format(_ seconds: Int64) -> String {
        let days = seconds / 86400
        // Count from 1 March of the year 0: leap days then come last in their year, in a cycle of 400 years.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        return "\(Self.days[Int(days % 7)]), \(two(day)) \(Self.months[Int(month - 1)]) \(year) \(clock) GMT"
    }
}
