// SPDX-License-Identifier: Apache-2.0
internal import Glibc
public import NIOCore

/// The two clocks of the host, passed in so that tests own the time: one that never jumps, for limits, and one that people read.
public struct HostClock: Sendable {
    /// For durations and deadlines.
    public var now: @Sendable () -> NIODeadline
    /// Milliseconds since 1970, UTC.
    public var unixMilliseconds: @Sendable () -> Int64

    public init(now: @escaping @Sendable () -> NIODeadline, unixMilliseconds: @escaping @Sendable () -> Int64) {
        self.now = now
        self.unixMilliseconds = unixMilliseconds
    }

    public static let system = HostClock(
        now: { .now() },
        unixMilliseconds: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        })
}
