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

    /// RFC 3339, UTC, six digits of a second: `2026-01-31T23:59:59.000001Z`.
    public var text: String {
        var clock = time_t(microseconds.dividedDown(by: 1_000_000))
        let fraction = Int(microseconds) - clock * 1_000_000
        var parts = tm()
        gmtime_r(&clock, &parts)
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
        let time = "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(digits(fraction, 6))Z"
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity, so that moments before 1970 keep a fraction from 0 to 999999.
    fileprivate func dividedDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
