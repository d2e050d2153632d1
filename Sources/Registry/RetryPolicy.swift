// SPDX-License-Identifier: Apache-2.0
import Foundation

/// When a failed request is made again. A pure value: the time, the attempt and a random number come from outside.
struct RetryPolicy: Hashable, Sendable {
    /// Requests in all, where each fails.
    static let attempts = 5
    /// Seconds that a registry may make us wait by `Retry-After`; where it asks for more, that is the answer to the user.
    static let patience: Int64 = 60

    /// Whether a later request may have more luck. Sources: RFC 9110, 15.6; RFC 6585, 4.
    static func isPassing(_ status: UInt) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }

    /// - Parameters:
    ///   - attempt: 1 after the first failure.
    ///   - retryAfter: the header's value: seconds, or a date. Source: RFC 9110, 10.2.3.
    ///   - now: Unix time in milliseconds.
    ///   - random: 0 to 1.
    /// - Returns: milliseconds to wait; nil where there is no further attempt.
    static func delay(attempt: Int, retryAfter: String?, now: Int64, random: Double) -> Int64? {
        guard attempt < attempts else { return nil }
        if let asked = retryAfter.flatMap({ seconds($0, now: now) }) { return asked > patience ? nil : max(0, asked) * 1000 }
        let step = Double(200 << min(attempt - 1, 5))
        return Int64(step * (0.5 + random / 2))
    }

    private static func seconds(_ value: String, now: Int64) -> Int64? {
        if let number = Int64(value.trimmingCharacters(in: .whitespaces)) { return number }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: value).map { Int64($0.timeIntervalSince1970.rounded(.up)) - now / 1000 }
    }
}
