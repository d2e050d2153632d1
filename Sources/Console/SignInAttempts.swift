// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Holds up whoever tries one key after the other: ten failures of an address within five minutes, then none of its attempts is looked at until they are over.
final class SignInAttempts: Sendable {
    private struct Failures {
        var count: Int
        /// Milliseconds since 1970, UTC.
        var until: Int64
    }

    private static let most = 10
    private static let window: Int64 = 5 * 60_000
    /// Addresses that are told apart; what comes from others is counted as one.
    private static let mostAddresses = 1000
    private let failures = Mutex<[String: Failures]>([:])

    /// - Returns: the seconds to wait; nil where the attempt may be made.
    func pause(_ address: String, now: Int64) -> Int? {
        failures.withLock { failures in
            guard let known = failures[Self.place(address, failures)], known.until > now, known.count >= Self.most else { return nil }
            return Int((known.until - now + 999) / 1000)
        }
    }

    func failed(_ address: String, now: Int64) {
        failures.withLock { failures in
            if failures.count >= Self.mostAddresses { failures = failures.filter { $0.value.until > now } }
            let place = Self.place(address, failures)
            var known = failures[place] ?? Failures(count: 0, until: 0)
            if known.until <= now { known = Failures(count: 0, until: now + Self.window) }
            known.count += 1
            failures[place] = known
        }
    }

    private static func place(_ address: String, _ failures: [String: Failures]) -> String {
        failures.count < mostAddresses || failures[address] != nil ? address : ""
    }
}
