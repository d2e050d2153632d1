// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// When who sends a layer counts as slow.
public struct SenderPatience: Sendable {
    /// The time that is waited for the sender between two looks at what came. Time in which it waits for the unpacker does not count.
    public var window: Duration
    /// Bytes that must come in it.
    public var least: UInt64
    let now: @Sendable () -> ContinuousClock.Instant
    let sleep: @Sendable (Duration) async throws -> Void

    public init(
        window: Duration = .seconds(5), least: UInt64 = 1 << 20, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.window = window
        self.least = least
        self.now = now
        self.sleep = sleep
    }
}

/// How fast a layer's bytes come, in time that was waited for them.
package struct SenderPace: Sendable {
    private let window: Duration
    private let least: UInt64
    /// Since when the sender is waited for; nil while it waits for the unpacker, and when all has come.
    private var since: ContinuousClock.Instant?
    private var waited = Duration.zero
    private var bytes: UInt64 = 0
    /// Whether it was slow in the last whole window.
    private var wasSlow = false

    package init(_ patience: SenderPatience) {
        window = patience.window
        least = patience.least
        since = patience.now()
    }

    package mutating func came(_ count: Int, at now: ContinuousClock.Instant) {
        if let since { waited += now - since }
        since = nil
        bytes += UInt64(count)
        guard waited >= window else { return }
        wasSlow = bytes < least
        (waited, bytes) = (.zero, 0)
    }

    /// The unpacker has taken what came.
    package mutating func handedOn(at now: ContinuousClock.Instant) { since = now }

    package mutating func end() { since = nil }

    package func isSlow(at now: ContinuousClock.Instant) -> Bool {
        guard let since else { return false }
        return wasSlow || now - since >= window || waited + (now - since) >= window && bytes < least
    }
}

/// Watches one sender from before its first byte on.
final class SenderWatch: Sendable {
    private let patience: SenderPatience
    private let pace: Mutex<SenderPace>

    init(_ patience: SenderPatience) {
        self.patience = patience
        pace = Mutex(SenderPace(patience))
    }

    /// Whether the sender is waited for, and has for long brought next to nothing.
    var isSlow: Bool {
        let now = patience.now()
        return pace.withLock { $0.isSlow(at: now) }
    }

    func came(_ count: Int) {
        let now = patience.now()
        pace.withLock { $0.came(count, at: now) }
    }

    /// What came is dealt with: from now on the sender is waited for.
    func handedOn() {
        let now = patience.now()
        pace.withLock { $0.handedOn(at: now) }
    }

    func end() { pace.withLock { $0.end() } }
}
