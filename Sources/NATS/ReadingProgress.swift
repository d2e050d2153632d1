// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// How many messages a server still owes.
final class ReadingProgress: Sendable {
    private let owed = Atomic<Int>(0)

    func asked(_ count: Int) { owed.store(count, ordering: .relaxed) }

    /// - Returns: whether that was the last one.
    func received() -> Bool { owed.subtract(1, ordering: .relaxed).newValue == 0 }
}
