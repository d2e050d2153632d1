// SPDX-License-Identifier: Apache-2.0

/// How soon a process that has ended is started anew: ever more slowly, and soon again once it has run for a while. A pure value.
public struct RestartPace: Hashable, Sendable {
    /// Milliseconds.
    public static let first: UInt64 = 250
    public static let longest: UInt64 = 300_000
    /// Nanoseconds that it must have run for its end to count as the first.
    public static let settled: UInt64 = 60_000_000_000

    private var restarts: UInt64 = 0

    public init() {}

    /// - Parameter lifetime: nanoseconds that it ran.
    /// - Returns: milliseconds to wait.
    public mutating func pause(afterLifetime lifetime: UInt64) -> UInt64 {
        if lifetime >= Self.settled { restarts = 0 }
        defer { restarts += 1 }
        return min(Self.longest, Self.first << min(restarts, 11))
    }
}
