// SPDX-License-Identifier: Apache-2.0

/// Decides how many sandboxes are kept ready for whoever comes next. A pure value: it is told what happened, in nanoseconds of one clock.
///
/// As many as starts had none prepared for them in the last two seconds, at least one. Under memory pressure none, and none for a while after it.
public struct BlankDemand: Hashable, Sendable {
    public static let window: UInt64 = 2_000_000_000
    public static let pause: UInt64 = 30_000_000_000

    private let most: Int
    private var starts: [UInt64] = []
    private var pausedUntil: UInt64 = 0

    /// - Parameter most: how many are kept at most; 0 keeps none.
    public init(most: Int) { self.most = most }

    /// An instance starts that was not prepared ahead of need.
    public mutating func started(at now: UInt64) {
        starts.removeAll { $0 + Self.window < now }
        if starts.count < most { starts.append(now) } else if most > 0 { starts = starts.dropFirst() + [now] }
    }

    /// The host is short of memory.
    public mutating func pressure(at now: UInt64) { pausedUntil = now + Self.pause }

    public func wanted(at now: UInt64) -> Int {
        if now < pausedUntil { return 0 }
        return min(most, max(1, starts.count { now <= $0 + Self.window }))
    }

    /// When ``wanted(at:)`` may change without anything being told; nil where it does not.
    public func nextChange(after now: UInt64) -> UInt64? {
        if now < pausedUntil { return pausedUntil }
        return starts.lazy.map { $0 + Self.window + 1 }.first { now < $0 }
    }
}
