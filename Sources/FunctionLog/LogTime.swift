// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
public struct LogTime: Hashable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The clock of this host.
    public static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// RFC 3339, UTC, six digits of a second: `2026-01-31T23:59:59.000001Z`. Written by hand since it runs for every line.
    public var text: String { String(unsafeUninitializedCapacity: Self.length) { write(to: UnsafeMutableRawBufferPointer($0)) } }

    /// Bytes of ``text``.
    private static let length = 27

    /// - Returns: ``length``.
    private func write(to text: UnsafeMutableRawBufferPointer) -> Int {
        let seconds = microseconds.dividedDown(by: 1_000_000)
        let (days, second) = (seconds.dividedDown(by: 86400), Int(seconds - seconds.dividedDown(by: 86400) * 86400))
        let date = Self.date(days: Int(days))
        var at = 0
        func put(_ number: Int, _ digits: Int, _ behind: UInt8) {
            var rest = number
            for index in stride(from: at + digits - 1, through: at, by: -1) {
                text[index] = UInt8(48 + rest % 10)
                rest /= 10
            }
            text[at + digits] = behind
            at += digits + 1
        }
        put(date.year, 4, UInt8(ascii: "-"))
        put(date.month, 2, UInt8(ascii: "-"))
        put(date.day, 2, UInt8(ascii: "T"))
        put(second / 3600, 2, UInt8(ascii: ":"))
        put(second / 60 % 60, 2, UInt8(ascii: ":"))
        put(second % 60, 2, UInt8(ascii: "."))
        put(Int(microseconds - seconds * 1_000_000), 6, UInt8(ascii: "Z"))
        return at
    }

    /// The Gregorian date of a day, counted from 1970-01-01. Counting from 1 March lets leap days come last in their year, in a cycle of 400 years.
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = Int(Int64(shifted).dividedDown(by: 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity, so that moments before 1970 keep a fraction from 0 to 999999.
    fileprivate func dividedDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
